/**
 * How a token that is new to the output's tokenizer enters it: matched whole (an added token), or as
 * a piece that the tokenizer's own algorithm may use.
 *
 * Whole: what is an added token in its own model; what only the recipe names; and a BPE piece that
 * no merge of its own model yields, which therefore can only be meant whole. All else is a piece.
 * Pieces as added tokens would be cut out of the middle of any word before the algorithm runs (every
 * "ing" of another vocabulary), and be decoded literally ("Ġthe").
 *
 * What a piece does then depends on the output's algorithm. WordPiece takes the longest match and
 * Unigram the best score, so there pieces are live. BPE needs merges, and the ranks of two merge
 * lists cannot be compared: interleaved they would change how every text is split. So merges are
 * appended only when a model's list begins with the whole list of the output's tokenizer (an
 * extended vocabulary); otherwise pieces keep their row and can be decoded, but only single symbols
 * (and, with `ignore_merges`, whole words) are found in text.
 */

import type { Json, JsonObject } from '../../checkpoint/checkpoint.ts';
import { isArray, isObject } from './json.ts';
import type { Addition, TokenizerModel } from './outputVocabulary.ts';
import type { TokenSetting } from './setting.ts';
import { type AddedToken, plainAddedToken, type Vocabulary } from './vocabulary.ts';

/** A new token with its flags when it is matched whole. */
export interface Entry {
  readonly token: string;
  readonly id: number;
  readonly added: AddedToken | undefined;
  /** The model that brings it, when one has it. */
  readonly from: Vocabulary | undefined;
}

export function entriesOf(
  additions: readonly Addition[],
  models: readonly TokenizerModel[],
  tokens: Readonly<Record<string, TokenSetting>>,
): Entry[] {
  const yields = new Map<Vocabulary, Set<string> | undefined>();
  return additions.map(({ token, id, model }) => {
    const from = model === undefined ? undefined : models[model]!.vocabulary;
    if (!from) return { token, id, added: flagsOfNew(token, models, tokens[token]), from };
    if (!yields.has(from)) yields.set(from, mergeYields(from));
    const whole = !isPiece(token, from, yields.get(from));
    const added = from.addedTokens.get(token) ?? (whole ? plainAddedToken(token) : undefined);
    return { token, id, added, from };
  });
}

/** A token that takes the row of another takes its flags too: it is that token renamed. */
function flagsOfNew(
  token: string,
  models: readonly TokenizerModel[],
  setting: TokenSetting | undefined,
): AddedToken {
  const source = setting?.source;
  if (source?.kind !== 'model_token') return plainAddedToken(token);
  const lender = models.find(({ reference }) => reference === source.model)?.vocabulary;
  const name = source.token ?? lender?.byId[source.tokenId ?? -1];
  const flags = name === undefined ? undefined : lender?.addedTokens.get(name);
  return { ...(flags ?? plainAddedToken(token)), content: token };
}

function isPiece(token: string, from: Vocabulary, yields: Set<string> | undefined): boolean {
  if (!yields || yields.has(token)) return true;
  const model = modelOf(from);
  const suffix = typeof model.end_of_word_suffix === 'string' ? model.end_of_word_suffix : '';
  const prefix =
    typeof model.continuing_subword_prefix === 'string' ? model.continuing_subword_prefix : '';
  let symbol = prefix !== '' && token.startsWith(prefix) ? token.slice(prefix.length) : token;
  if (suffix !== '' && symbol.endsWith(suffix)) symbol = symbol.slice(0, -suffix.length);
  const isSymbol = [...symbol].length === 1;
  const isByte = /^<0x[0-9A-F]{2}>$/.test(token);
  return isSymbol || isByte || model.ignore_merges === true;
}

/** What the merges of a BPE tokenizer yield; undefined for other algorithms. */
function mergeYields(vocabulary: Vocabulary): Set<string> | undefined {
  if (vocabulary.kind !== 'BPE') return undefined;
  const model = modelOf(vocabulary);
  const prefix =
    typeof model.continuing_subword_prefix === 'string' ? model.continuing_subword_prefix : '';
  return new Set(
    mergesOf(model).map(
      ([left, right]) =>
        left + (prefix !== '' && right.startsWith(prefix) ? right.slice(prefix.length) : right),
    ),
  );
}

export type Merge = readonly [string, string];

/** Merges in either spelling, `"a b"` or `["a", "b"]`; malformed entries are left out. */
export function mergesOf(model: JsonObject): Merge[] {
  const merges: Merge[] = [];
  for (const merge of isArray(model.merges) ? model.merges : []) {
    const parts: readonly Json[] =
      typeof merge === 'string' ? merge.split(' ') : isArray(merge) ? merge : [];
    const [left, right] = parts;
    if (parts.length === 2 && typeof left === 'string' && typeof right === 'string') {
      merges.push([left, right]);
    }
  }
  return merges;
}

/** What `extended` appends to the merges of `model`, or undefined if it is no extension of them. */
export function appendedMerges(model: JsonObject, extended: JsonObject): Merge[] | undefined {
  const [ours, theirs] = [mergesOf(model), mergesOf(extended)];
  const extends_ =
    ours.length < theirs.length &&
    ours.every(([left, right], i) => theirs[i]![0] === left && theirs[i]![1] === right);
  return extends_ ? theirs.slice(ours.length) : undefined;
}

/** The `model` object of a tokenizer.json that has been parsed as a vocabulary. */
export function modelOf(vocabulary: Vocabulary): JsonObject {
  const model = vocabulary.tokenizerJson?.model;
  return isObject(model) ? model : {};
}
