/**
 * The vocabulary in tokenizer.json (BPE, Unigram, WordPiece, WordLevel and added tokens), vocab.json,
 * added_tokens.json and vocab.txt.
 *
 * A list (Unigram, vocab.txt) may hold a token twice; its loaders let the last place win, and so
 * does this. Two tokens with one id are refused.
 */

import type { Json, JsonObject } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import { describe, isArray, isObject } from './json.ts';
import type { AddedToken, TokenizerKind, TokenTable } from './vocabulary.ts';

/** The largest vocabularies in use have under a million tokens; tables are as long as the largest id. */
export const MAX_TOKEN_ID = 2 ** 24 - 1;

export interface ParsedVocabulary extends TokenTable {
  readonly kind: TokenizerKind | undefined;
  readonly addedTokens: ReadonlyMap<string, AddedToken>;
}

/** A vocabulary being collected. */
interface Draft {
  readonly subject: string;
  readonly tokens: Map<string, number>;
  readonly byId: (string | undefined)[];
  readonly addedTokens: Map<string, AddedToken>;
}

export function parseTokenizerJson(json: JsonObject, subject: string): ParsedVocabulary {
  const model = json.model;
  if (!isObject(model))
    throw badInput(`${subject}: "model" should be an object, but is ${describe(model)}`);
  const kind = kindOf(model, subject);
  const draft = newDraft(subject);
  if (kind === 'Unigram') addPairs(draft, model.vocab);
  else addMapping(draft, model.vocab, 'model.vocab');
  addAddedTokens(draft, json.added_tokens);
  return finish(draft, kind);
}

/** vocab.json or vocab.txt, then added_tokens.json where there is one. */
export function parseVocabularyFiles(
  files: { vocabJson?: JsonObject; vocabText?: string; addedTokens?: JsonObject | undefined },
  subject: string,
): ParsedVocabulary {
  const draft = newDraft(subject);
  if (files.vocabJson) addMapping(draft, files.vocabJson, 'vocab.json');
  else addLines(draft, files.vocabText ?? '');
  for (const [token, id] of Object.entries(files.addedTokens ?? {})) {
    addAdded(draft, { id, content: token });
  }
  return finish(draft, undefined);
}

/**
 * `added_tokens_decoder` of tokenizer_config.json: the flags of added tokens, and tokens that are
 * named only there. Where it contradicts the vocabulary it is ignored, as fast tokenizers do.
 */
export function withAddedTokensDecoder(
  parsed: ParsedVocabulary,
  decoder: Json | undefined,
  subject: string,
): ParsedVocabulary {
  if (!isObject(decoder)) return parsed;
  const draft: Draft = {
    subject,
    tokens: new Map(parsed.tokens),
    byId: [...parsed.byId],
    addedTokens: new Map(parsed.addedTokens),
  };
  for (const [key, entry] of Object.entries(decoder)) {
    if (!isObject(entry) || typeof entry.content !== 'string') continue;
    if (draft.addedTokens.has(entry.content)) continue;
    const id = Number(key);
    const known = draft.tokens.get(entry.content);
    const free = known === undefined && draft.byId[id] === undefined;
    if (known === id || free) addAdded(draft, { ...entry, id });
  }
  return finish(draft, parsed.kind);
}

function kindOf(model: JsonObject, subject: string): TokenizerKind {
  const { type } = model;
  if (type === 'BPE' || type === 'Unigram' || type === 'WordPiece' || type === 'WordLevel')
    return type;
  // Files of tokenizers before 0.9 do not say the type.
  if (type === undefined && isArray(model.vocab)) return 'Unigram';
  if (type === undefined && isArray(model.merges)) return 'BPE';
  if (type === undefined && 'max_input_chars_per_word' in model) return 'WordPiece';
  if (type === undefined && isObject(model.vocab)) return 'WordLevel';
  throw badInput(
    `${subject}: unknown tokenizer model ${describe(type)}; known: BPE, Unigram, WordPiece, WordLevel`,
  );
}

function newDraft(subject: string): Draft {
  return { subject, tokens: new Map(), byId: [], addedTokens: new Map() };
}

function finish(draft: Draft, kind: TokenizerKind | undefined): ParsedVocabulary {
  if (draft.tokens.size === 0) throw badInput(`${draft.subject}: the vocabulary is empty`);
  const byId = Array.from(draft.byId);
  return { kind, tokens: draft.tokens, byId, size: byId.length, addedTokens: draft.addedTokens };
}

function addMapping(draft: Draft, vocab: Json | undefined, what: string): void {
  if (!isObject(vocab)) {
    throw badInput(`${draft.subject}: ${what} should map tokens to ids, but is ${describe(vocab)}`);
  }
  for (const [token, id] of Object.entries(vocab)) addToken(draft, token, id);
}

function addPairs(draft: Draft, vocab: Json | undefined): void {
  if (!isArray(vocab)) {
    throw badInput(
      `${draft.subject}: model.vocab of a Unigram tokenizer should be a list, but is ${describe(vocab)}`,
    );
  }
  vocab.forEach((pair, id) => {
    if (!isArray(pair) || typeof pair[0] !== 'string' || typeof pair[1] !== 'number') {
      throw badInput(
        `${draft.subject}: entry ${id} of model.vocab should be [token, score], but is ${describe(pair)}`,
      );
    }
    addListed(draft, pair[0], id);
  });
}

function addLines(draft: Draft, text: string): void {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  lines.forEach((line, id) => {
    addListed(draft, line, id);
  });
}

function addListed(draft: Draft, token: string, id: number): void {
  const earlier = draft.tokens.get(token);
  if (earlier !== undefined) draft.byId[earlier] = undefined;
  draft.tokens.delete(token);
  addToken(draft, token, id);
}

function addAddedTokens(draft: Draft, list: Json | undefined): void {
  if (list === undefined || list === null) return;
  if (!isArray(list))
    throw badInput(`${draft.subject}: added_tokens should be a list, but is ${describe(list)}`);
  list.forEach((entry, i) => {
    if (!isObject(entry)) {
      throw badInput(
        `${draft.subject}: entry ${i} of added_tokens should be an object, but is ${describe(entry)}`,
      );
    }
    addAdded(draft, entry);
  });
}

function addAdded(draft: Draft, entry: JsonObject): void {
  const { id, content } = entry;
  if (typeof content !== 'string') {
    throw badInput(
      `${draft.subject}: the content of the added token with id ${describe(id)} is ${describe(content)}, not a text`,
    );
  }
  if (draft.tokens.get(content) !== id) addToken(draft, content, id);
  const special = entry.special === true;
  draft.addedTokens.set(content, {
    content,
    special,
    normalized: typeof entry.normalized === 'boolean' ? entry.normalized : !special,
    lstrip: entry.lstrip === true,
    rstrip: entry.rstrip === true,
    singleWord: entry.single_word === true,
  });
}

function addToken(draft: Draft, token: string, id: Json | undefined): void {
  const name = JSON.stringify(token);
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > MAX_TOKEN_ID) {
    throw badInput(
      `${draft.subject}: the id of token ${name} is ${describe(id)}, not an integer from 0 to ${MAX_TOKEN_ID}`,
    );
  }
  const known = draft.tokens.get(token);
  if (known !== undefined && known !== id) {
    throw badInput(`${draft.subject}: token ${name} has two ids, ${known} and ${id}`);
  }
  const other = draft.byId[id];
  if (other !== undefined && other !== token) {
    throw badInput(
      `${draft.subject}: id ${id} belongs to two tokens, ${JSON.stringify(other)} and ${name}`,
    );
  }
  draft.tokens.set(token, id);
  draft.byId[id] = token;
}
