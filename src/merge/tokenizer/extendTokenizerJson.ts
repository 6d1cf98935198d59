/**
 * tokenizer.json of the output: that of the source with the new tokens.
 *
 * Loaders number added tokens that are not in `model.vocab` by counting on from its size, so every
 * named token is put into `model.vocab` with its id; then ids cannot shift, whatever the loader.
 */

import type { Json, JsonObject } from '../../checkpoint/checkpoint.ts';
import { isArray, isObject } from './json.ts';
import type { OutputVocabulary } from './outputVocabulary.ts';
import { appendedMerges, type Entry, type Merge, mergesOf, modelOf } from './pieces.ts';
import { type AddedToken, serializeAddedToken, type Vocabulary } from './vocabulary.ts';

export function extendTokenizerJson(
  source: Vocabulary,
  output: OutputVocabulary,
  entries: readonly Entry[],
): JsonObject {
  const model = modelOf(source);
  return {
    ...source.tokenizerJson,
    added_tokens: allAddedTokens(source, entries).map(({ id, token }) => ({
      id,
      ...serializeAddedToken(token),
    })),
    model: {
      ...model,
      vocab: source.kind === 'Unigram' ? unigramVocab(model, output, entries) : vocabMap(output),
      ...(source.kind === 'BPE' ? { merges: extendMerges(model, output, entries) } : {}),
    },
  };
}

/** The source's added tokens and the new ones, by id. */
export function allAddedTokens(
  source: Vocabulary,
  entries: readonly Entry[],
): { id: number; token: AddedToken }[] {
  const known = [...source.addedTokens.values()].map((token) => ({
    id: source.tokens.get(token.content)!,
    token,
  }));
  const added = entries.flatMap(({ id, added }) => (added ? [{ id, token: added }] : []));
  return [...known, ...added].sort((a, b) => a.id - b.id);
}

function vocabMap(output: OutputVocabulary): JsonObject {
  const pairs = output.byId.flatMap((token, id) =>
    token === undefined ? [] : [[token, id] as const],
  );
  return Object.fromEntries(pairs);
}

/** In a list the place is the id, so a hole needs a name that no text holds. */
export function nameOfHole(id: number): string {
  return `<|unnamed row ${id}|>`;
}

/**
 * A piece keeps the score that its own Unigram model gives it; one without a score gets the lowest
 * of the source, so that it is used only where little else fits.
 */
function unigramVocab(
  model: JsonObject,
  output: OutputVocabulary,
  entries: readonly Entry[],
): [string, number][] {
  const own = unigramScores(model);
  const lowest = [...own.values()].reduce((least, score) => Math.min(least, score), 0);
  const scores = new Map<string, number>();
  const cache = new Map<Vocabulary, Map<string, number>>();
  for (const { token, from, added } of entries) {
    if (!from || added || from.kind !== 'Unigram') continue;
    if (!cache.has(from)) cache.set(from, unigramScores(modelOf(from)));
    scores.set(token, cache.get(from)!.get(token) ?? lowest);
  }
  const listed = isArray(model.vocab) ? model.vocab : [];
  return output.byId.map((token, id) => {
    const name = token ?? listedName(listed[id]) ?? nameOfHole(id);
    return [name, own.get(name) ?? scores.get(name) ?? lowest];
  });
}

function listedName(pair: Json | undefined): string | undefined {
  return isArray(pair) && typeof pair[0] === 'string' ? pair[0] : undefined;
}

function unigramScores(model: JsonObject): Map<string, number> {
  const scores = new Map<string, number>();
  for (const pair of isArray(model.vocab) ? model.vocab : []) {
    if (isArray(pair) && typeof pair[0] === 'string') scores.set(pair[0], Number(pair[1]));
  }
  return scores;
}

function extendMerges(
  model: JsonObject,
  output: OutputVocabulary,
  entries: readonly Entry[],
): Json {
  const present = new Set(mergesOf(model).map(keyOf));
  const appended: Merge[] = [];
  for (const from of new Set(entries.map((entry) => entry.from))) {
    if (from?.kind !== 'BPE') continue;
    for (const merge of appendedMerges(model, modelOf(from)) ?? []) {
      if (present.has(keyOf(merge)) || !merge.every((part) => output.tokens.has(part))) continue;
      present.add(keyOf(merge));
      appended.push(merge);
    }
  }
  const merges = isArray(model.merges) ? model.merges : [];
  const asPairs = merges.some(isArray) || appended.some((merge) => merge.join('').includes(' '));
  if (!asPairs) return [...merges, ...appended.map((merge) => merge.join(' '))];
  return [...mergesOf(model), ...appended];
}

function keyOf([left, right]: Merge): string {
  return JSON.stringify([left, right]);
}

/** Whether the two tokenizers split and spell text alike, apart from their vocabularies. */
export function spellsAlike(a: Vocabulary, b: Vocabulary): boolean {
  const traits = ({ kind, tokenizerJson }: Vocabulary) =>
    JSON.stringify([kind, tokenizerJson?.normalizer ?? null, tokenizerJson?.pre_tokenizer ?? null]);
  return traits(a) === traits(b) || !isObject(a.tokenizerJson) || !isObject(b.tokenizerJson);
}
