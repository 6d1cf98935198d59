/**
 * Token models without a network: the next token's distribution is a given function of all tokens
 * before it. Exact, so that searches can be checked by enumeration.
 */

import type { TokenModel, TokenStream } from '../../../src/model/languageModel.ts';
import type { Tokenizer } from '../../../src/model/tokenizer.ts';
import { mixUint32 } from '../../../src/numeric/random.ts';

/** Logits of the token after `tokens`. */
export type Logits = (tokens: readonly number[]) => readonly number[];

export interface ToyModel extends TokenModel {
  /** Of the token after `tokens`, as the stream gives them. */
  readonly logProbabilitiesAfter: (tokens: readonly number[]) => Float32Array;
  /** Streams that were started and not closed. */
  readonly openStreams: () => number;
}

export const noTokenizer: Tokenizer = {
  encode: () => [],
  decode: (ids) => ids.join(' '),
};

export function toyModel(
  vocabularySize: number,
  logits: Logits,
  rest: Partial<TokenModel> = {},
): ToyModel {
  let open = 0;
  const after = (tokens: readonly number[]) => logSoftmax(logits(tokens));
  return {
    kind: 'causal',
    tokenizer: noTokenizer,
    vocabularySize,
    maxTokens: undefined,
    endTokens: [],
    bannedTokens: [],
    defaults: {},
    start: async (inputs) => {
      open++;
      return toyStream(inputs, vocabularySize, after, () => open--);
    },
    continuationLogProbabilities: () => Promise.reject(new Error('not used')),
    ...rest,
    logProbabilitiesAfter: after,
    openStreams: () => open,
  };
}

function toyStream(
  inputs: readonly (readonly number[])[],
  vocabularySize: number,
  after: (tokens: readonly number[]) => Float32Array,
  onClose: () => void,
): TokenStream {
  let rows = inputs.map((tokens) => [...tokens]);
  // One memory for all steps, as adapters have it.
  let memory = new Float32Array(0);
  const fill = () => {
    if (memory.length < rows.length * vocabularySize) {
      memory = new Float32Array(rows.length * vocabularySize);
    }
    for (const [i, row] of rows.entries()) memory.set(after(row), i * vocabularySize);
  };
  fill();
  return {
    logProbabilities: () => memory.subarray(0, rows.length * vocabularySize),
    rowCount: () => rows.length,
    advance: async (parents, tokens) => {
      rows = parents.map((parent, i) => [...rows[parent]!, tokens[i]!]);
      fill();
    },
    close: onClose,
  };
}

/** Logits that depend on every token before, in [0, spread), and in no simple way. */
export function hashLogits(vocabularySize: number, seed: number, spread = 4): Logits {
  return (tokens) => {
    const hash = tokens.reduce((h, token) => mixUint32(Math.imul(h, 31) + token + 1), seed);
    return Array.from(
      { length: vocabularySize },
      (_, token) => (mixUint32(hash + Math.imul(token + 1, 0x9e3779b9)) / 2 ** 32) * spread,
    );
  };
}

/** Always the same distribution, or one per last token. */
export function markovLogits(probabilities: readonly (readonly number[])[]): Logits {
  return (tokens) => (probabilities[tokens.at(-1) ?? 0] ?? probabilities[0]!).map(Math.log);
}

/** Writes `script` after the input, then `end` for ever. */
export function scriptedLogits(
  vocabularySize: number,
  inputLength: number,
  script: readonly number[],
  end: number,
): Logits {
  return (tokens) => {
    const row = new Array<number>(vocabularySize).fill(0);
    row[script[tokens.length - inputLength] ?? end] = 20;
    return row;
  };
}

export function logSoftmax(logits: readonly number[]): Float32Array {
  const largest = Math.max(...logits);
  const total = logits.reduce((sum, x) => sum + Math.exp(x - largest), 0);
  return Float32Array.from(logits, (x) => x - largest - Math.log(total));
}

/** A token per byte, and some for longer strings, which may begin or end within a character. */
export function byteTokenizer(pieces: readonly Uint8Array[]): Tokenizer {
  const bytesOf = (token: number) => pieces[token - 256] ?? Uint8Array.of(token);
  return {
    encode: (text) => [...new TextEncoder().encode(text)],
    decode: (ids) =>
      new TextDecoder('utf-8', { ignoreBOM: true }).decode(
        Uint8Array.from(ids.flatMap((id) => [...bytesOf(id)])),
      ),
  };
}
