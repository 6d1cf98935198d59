/** Members whose answers are given, and a toy language of whole distributions for decoding. */

import { badInput } from '../../src/errors.ts';
import type { LanguageModel, TokenModel, TokenStream } from '../../src/model/languageModel.ts';

/** Says the same probabilities of every text. */
export function constantClassifier(
  name: string,
  probabilities: Readonly<Record<string, number>>,
): LanguageModel {
  const labels = Object.keys(probabilities);
  const row = Float64Array.from(Object.values(probabilities), Math.log);
  return {
    name,
    classify: { labels, logProbabilities: async (items) => items.map(() => row.slice()) },
    close: async () => {},
  };
}

export function failingClassifier(name: string, labels: readonly string[]): LanguageModel {
  const fail = async () => {
    throw badInput(`${name}: HTTP 503`);
  };
  return { name, classify: { labels, logProbabilities: fail }, close: async () => {} };
}

/** log p of the next token, given all tokens so far: a fixed function of history and seed. */
export type NextTable = (history: readonly number[]) => readonly number[];

/** Pseudo-random distributions over `size` tokens; every history has its own. */
export function randomTable(size: number, seed: number, sharpness = 2): NextTable {
  return (history) => {
    let state = seed * 7919 + 17;
    for (const token of history) state = (Math.imul(state, 31) + token + 1) | 0;
    const scores = Array.from({ length: size }, (_, token) => {
      let x = Math.imul(state ^ (token * 0x9e3779b9), 0x85ebca6b);
      x ^= x >>> 13;
      x = Math.imul(x, 0xc2b2ae35);
      return (sharpness * ((x ^ (x >>> 16)) >>> 0)) / 2 ** 32;
    });
    const total = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
    return scores.map((score) => score - total);
  };
}

/** Tokens are letters: 0 is the end, then `a`, `b` and so on. */
export function toyModel(name: string, table: NextTable, size: number): LanguageModel {
  return { name, next: toyTokenModel(table, size), close: async () => {} };
}

function toyTokenModel(table: NextTable, size: number): TokenModel {
  const letter = (id: number) => (id === 0 ? '' : String.fromCharCode(96 + id));
  return {
    kind: 'causal',
    tokenizer: {
      encode: (text) => [...text].map((each) => each.charCodeAt(0) - 96),
      decode: (ids) => ids.map(letter).join(''),
      vocabulary: () => Array.from({ length: size }, (_, id) => letter(id) || '</s>'),
    },
    vocabularySize: size,
    maxTokens: undefined,
    endTokens: [0],
    bannedTokens: [],
    defaults: {},
    start: async (inputs) => toyStream(table, inputs, size),
    continuationLogProbabilities: async (rows) =>
      rows.map(({ input, continuation }) =>
        Float64Array.from(
          continuation,
          (token, i) => table([...input, ...continuation.slice(0, i)])[token]!,
        ),
      ),
  };
}

function toyStream(
  table: NextTable,
  inputs: readonly (readonly number[])[],
  size: number,
): TokenStream {
  let rows = inputs.map((input) => [...input]);
  let values = new Float32Array(0);
  const fill = () => {
    values = new Float32Array(rows.length * size);
    rows.forEach((row, r) => {
      values.set(table(row), r * size);
    });
  };
  fill();
  return {
    logProbabilities: () => values,
    rowCount: () => rows.length,
    async advance(parents, tokens) {
      rows = parents.map((parent, i) => [...rows[parent]!, tokens[i]!]);
      fill();
    },
    close: () => {},
  };
}
