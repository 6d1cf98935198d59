/**
 * The tokenizer that a GGUF file brings, as llama.cpp runs it. Text that spells a special token is
 * that token, as with the tokenizers of checkpoints.
 */

import { badInput, FusionError } from '../../errors.ts';
import type { Tokenizer } from '../tokenizer.ts';
import type { GgufHeader } from './ggufHeader.ts';
import type { LlamaModel, Token } from './llamaCpp.ts';

export interface Vocabulary extends Tokenizer {
  readonly size: number;
  readonly endTokens: readonly number[];
  readonly bannedTokens: readonly number[];
  /** What a text is scored after. */
  readonly firstToken: number | undefined;
  /** They are the model's own; a number that is none would end the process in native code. */
  readonly tokensOf: (ids: readonly number[]) => Token[];
}

export function vocabularyOf(model: LlamaModel, header: GgufHeader, name: string): Vocabulary {
  const size = header.tokens.length;
  const missing = missingText(header);
  const checkOpen = () => {
    if (model.disposed) throw new FusionError('aborted', `${name} was closed`);
  };
  const checked = (ids: readonly number[]) => {
    const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= size);
    if (wrong === undefined) return ids as Token[];
    throw badInput(`${name} has tokens 0 to ${size - 1}, and ${wrong} is asked for`);
  };
  const bare = (text: string): number[] => {
    checkOpen();
    const unknown = missing(text);
    if (unknown === undefined) return model.tokenize(text, true);
    throw badInput(`${name} has no token for ${JSON.stringify(unknown)}`);
  };
  const { begin, between, end } = framesOf(model);
  return {
    size,
    tokensOf: checked,
    firstToken: model.tokens.bos ?? model.tokens.eos ?? undefined,
    ...finalTokens(model, header),
    encode: (text, { pair, specialTokens = true } = {}) => {
      const second = pair === undefined ? [] : bare(pair);
      if (!specialTokens) return [...bare(text), ...second];
      return [...begin, ...bare(text), ...(pair === undefined ? [] : between), ...second, ...end];
    },
    decode: (ids, { specialTokens = false } = {}) => {
      checkOpen();
      const tokens = checked(ids);
      if (specialTokens) return model.detokenize(tokens, true);
      // A text's first token has no space before it, whatever special tokens came first.
      return model.detokenize(tokens.filter((token) => !model.isSpecialToken(token)));
    },
    vocabulary: () => header.tokens,
  };
}

function listOf(token: number | null): number[] {
  return token === null ? [] : [token];
}

/** Special tokens around a text, as llama.cpp has them for each kind of vocabulary. */
function framesOf({ tokens, vocabularyType }: LlamaModel) {
  if (vocabularyType === 'wpm') {
    const separator = listOf(tokens.sep);
    return { begin: listOf(tokens.bos), between: separator, end: separator };
  }
  return {
    begin: listOf(tokens.shouldPrependBosToken ? tokens.bos : null),
    between: [],
    end: listOf(tokens.shouldAppendEosToken ? tokens.eos : null),
  };
}

function finalTokens(model: LlamaModel, { metadata }: GgufHeader) {
  const endTokens: number[] = [...model.iterateAllTokens()].filter((id) => model.isEogToken(id));
  const padding = metadata.get('tokenizer.ggml.padding_token_id');
  const isBanned = typeof padding === 'number' && !endTokens.includes(padding);
  return { endTokens, bannedTokens: isBanned ? [padding] : [] };
}

const SPACE = '▁';

/**
 * The first character of a text that a vocabulary of SentencePiece can neither write as a piece nor
 * byte by byte: llama.cpp ends the process over one.
 */
function missingText({ metadata, tokens }: GgufHeader): (text: string) => string | undefined {
  if (metadata.get('tokenizer.ggml.model') !== 'llama') return () => undefined;
  const known = new Set(tokens);
  const isByte = (byte: number) =>
    known.has(byteToken(byte)) || known.has(String.fromCharCode(byte));
  if (Array.from({ length: 256 }, (_, byte) => byte).every((byte) => known.has(byteToken(byte)))) {
    return () => undefined;
  }
  const encoder = new TextEncoder();
  const isKnown = (character: string) => {
    const piece = character === ' ' ? SPACE : character;
    return known.has(piece) || encoder.encode(piece).every((byte) => byte < 128 && isByte(byte));
  };
  return (text) => [...text].find((character) => !isKnown(character));
}

function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

/** Vocabularies that llama.cpp does not refuse but ends the process over. */
export function checkVocabulary(header: GgufHeader, file: string): void {
  const { metadata, tokens } = header;
  const kind = metadata.get('tokenizer.ggml.model');
  if (tokens.length === 0 || kind === 'none' || kind === 'no_vocab') {
    throw badInput(`${file}: has no vocabulary, without which it reads no text`);
  }
  const twice = firstTwice(tokens.filter((token) => token !== '' && !token.includes(UNDECODED)));
  if (twice !== undefined) throw badInput(`${file}: has the token ${JSON.stringify(twice)} twice`);
  const unknown = missingText(header)(ALWAYS_WRITTEN);
  if (unknown === undefined) return;
  throw badInput(`${file}: its vocabulary cannot write ${JSON.stringify(unknown)}`);
}

/** Stands for bytes that are not UTF-8; llama.cpp compares the bytes. */
const UNDECODED = '\ufffd';

/** llama.cpp tokenizes words of its own while it loads a file. */
const ALWAYS_WRITTEN = `\n${Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')}`;

function firstTwice(words: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return words.find((word) => seen.size === seen.add(word).size);
}
