/** Toy models whose tokens are given pieces; token 0 ends a text. */

import type { TokenModel, TokenStream } from '../../../src/model/languageModel.ts';
import { hashLogits, logSoftmax } from '../../model/generate/toyModel.ts';

export interface PieceModel extends TokenModel {
  readonly pieces: readonly string[];
  readonly after: (input: readonly number[], tokens: readonly number[]) => Float32Array;
  readonly openStreams: () => number;
  /** Steps of all streams. */
  readonly steps: () => number;
}

export function pieceModel(
  pieces: readonly string[],
  seed: number,
  rest: Partial<TokenModel> & { readonly forks?: boolean } = {},
): PieceModel {
  const { forks = true, ...more } = rest;
  const all = ['', ...pieces];
  const logits = hashLogits(all.length, seed);
  const after = (input: readonly number[], tokens: readonly number[]) =>
    logSoftmax(logits([...input, ...tokens]));
  let open = 0;
  let steps = 0;
  const streamOf = (start: readonly (readonly number[])[]): TokenStream => {
    open++;
    let rows = start;
    let memory = new Float32Array(0);
    const fill = () => {
      if (memory.length < rows.length * all.length) {
        memory = new Float32Array(rows.length * all.length);
      }
      for (const [i, row] of rows.entries()) memory.set(after([], row), i * all.length);
    };
    fill();
    return {
      logProbabilities: () => memory.subarray(0, rows.length * all.length),
      rowCount: () => rows.length,
      advance: async (parents, tokens) => {
        steps++;
        rows = parents.map((parent, i) => [...rows[parent]!, tokens[i]!]);
        fill();
      },
      ...(forks ? { fork: async () => streamOf(rows) } : {}),
      close: () => void open--,
    };
  };
  return {
    kind: 'sequence_to_sequence',
    tokenizer: {
      encode: (text) => encodeGreedily(text, all),
      decode: (ids) => ids.map((id) => all[id]).join(''),
    },
    vocabularySize: all.length,
    maxTokens: undefined,
    endTokens: [0],
    bannedTokens: [],
    defaults: { forcedEndToken: 0 },
    start: async (inputs) => streamOf(inputs),
    continuationLogProbabilities: () => Promise.reject(new Error('not used')),
    ...more,
    pieces: all,
    after,
    openStreams: () => open,
    steps: () => steps,
  };
}

function encodeGreedily(text: string, pieces: readonly string[]): number[] {
  const ids: number[] = [];
  let rest = text;
  while (rest !== '') {
    const fitting = pieces.map((piece) => (rest.startsWith(piece) ? piece.length : 0));
    const longest = Math.max(1, ...fitting);
    if (fitting.includes(longest)) ids.push(fitting.indexOf(longest));
    rest = rest.slice(longest);
  }
  return ids;
}

interface Tokenization {
  readonly text: string;
  readonly sum: number;
  readonly length: number;
}

/** Every way to write every text; the last of `limit` tokens is the end, and certain. */
export function everyTokenization(
  model: PieceModel,
  input: readonly number[],
  limit: number,
): Tokenization[] {
  const found: Tokenization[] = [];
  const visit = (tokens: readonly number[], text: string, sum: number): void => {
    const row = model.after(input, tokens);
    const length = tokens.length + 1;
    const isLast = length === limit;
    found.push({ text, length, sum: sum + (isLast ? 0 : row[0]!) });
    if (isLast) return;
    for (let token = 1; token < row.length; token++) {
      visit([...tokens, token], text + model.pieces[token], sum + row[token]!);
    }
  };
  visit([], '', 0);
  return found;
}
