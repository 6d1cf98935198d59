/**
 * Sequences that several members continue together: each member has a stream of its own, all advance
 * by the same tokens, and what comes next is the pool of what they say.
 */

import type { RequestOptions, TokenStream } from '../../model/languageModel.ts';
import { logSumExp } from '../../numeric/logSumExp.ts';
import { type Answer, askMembers } from '../askMembers.ts';
import type { FailurePolicy, Member } from '../member.ts';
import { compactRows, temper } from './rows.ts';
import type { TokenPool, Weights } from './tokenPool.ts';

export interface FusionRule {
  readonly members: readonly Member[];
  readonly pool: TokenPool;
  readonly policy: FailurePolicy;
  /** Tokens of the shared vocabulary. */
  readonly size: number;
}

/** What a member says of the rows under way. */
export interface MemberRows {
  readonly member: Member;
  /** [rows][size] */
  readonly rows: Float32Array;
  /** Its weight in each row. */
  readonly weights: readonly number[];
}

export interface FusedStream extends TokenStream {
  readonly members: () => readonly MemberRows[];
}

interface Live {
  readonly member: Member;
  readonly stream: TokenStream;
}

export async function openFusedStream(
  rule: FusionRule,
  inputs: readonly (readonly number[])[],
  options: RequestOptions = {},
): Promise<FusedStream> {
  const opened: TokenStream[] = [];
  const closeAll = () => {
    for (const stream of opened) stream.close();
  };
  try {
    const answers = await askMembers(
      rule.members,
      rule.policy,
      async ({ model }) => {
        const stream = await model.next!.start(inputs, options);
        opened.push(stream);
        return stream;
      },
      options,
    );
    const live = answers.map(({ member, value }) => ({ member, stream: value }));
    return fusedStream(rule, live, inputs.length, closeAll);
  } catch (error) {
    closeAll();
    throw error;
  }
}

function fusedStream(
  rule: FusionRule,
  started: readonly Live[],
  inputCount: number,
  close: () => void,
): FusedStream {
  let live = started;
  let fused = new Float32Array(0);
  const priors = () => live.map(({ member }) => member.weight);
  const { begin = (priors: readonly number[]): Weights => priors } = rule.pool.dynamic ?? {};
  let weights: readonly Weights[] = Array.from({ length: inputCount }, () => begin(priors()));
  let rows: readonly Float32Array[] = [];
  const fuse = () => {
    rows = live.map((each) => rowsOf(each, rule.size));
    const needed = weights.length * rule.size;
    if (fused.length < needed) fused = new Float32Array(needed);
    poolRows(rule, rows, weights, fused.subarray(0, needed));
  };
  fuse();
  return {
    logProbabilities: () => fused.subarray(0, weights.length * rule.size),
    rowCount: () => weights.length,
    members: () =>
      live.map(({ member }, i) => ({
        member,
        rows: rows[i]!,
        weights: weights.map((row) => (rule.pool.dynamic ? Math.exp(row[i]!) : row[i]!)),
      })),
    async advance(parents, tokens, options = {}) {
      const grown = parents.map((parent, i) =>
        updated(rule, rows, weights[parent]!, priors(), parent, tokens[i]!),
      );
      const before = live;
      const answers = await askMembers(
        before.map(({ member }) => member),
        rule.policy,
        (_, i) => before[i]!.stream.advance(parents, tokens, options),
        options,
      );
      live = answers.map(({ index }) => before[index]!);
      weights = grown.map((row) => withoutMissing(row, answers));
      fuse();
    },
    close,
  };
}

function withoutMissing(row: Weights, answers: readonly Answer<void>[]): Weights {
  if (answers.length === row.length) return row;
  const left = answers.map(({ index }) => row[index]!);
  if (!(row instanceof Float64Array)) return left;
  const total = logSumExp(left);
  return Float64Array.from(left, (weight) => weight - total);
}

function rowsOf({ member, stream }: Live, size: number): Float32Array {
  const { vocabularySize } = member.model.next!;
  const rows = compactRows(stream.logProbabilities(), vocabularySize, size);
  return member.temperature === 1 ? rows : temper(rows, size, member.temperature);
}

/** All rows at once where they have the same weights. */
function poolRows(
  { pool, size }: FusionRule,
  members: readonly Float32Array[],
  weights: readonly Weights[],
  out: Float32Array,
): void {
  if (pool.dynamic === undefined) {
    if (weights.length > 0) pool.pool(members, weights[0]!, size, out);
    return;
  }
  for (const [row, ofRow] of weights.entries()) {
    const range = [row * size, (row + 1) * size] as const;
    pool.pool(
      members.map((rows) => rows.subarray(...range)),
      ofRow,
      size,
      out.subarray(...range),
    );
  }
}

function updated(
  { pool, size }: FusionRule,
  members: readonly Float32Array[],
  weights: Weights,
  priors: readonly number[],
  row: number,
  token: number,
): Weights {
  if (!pool.dynamic || !(weights instanceof Float64Array)) return weights;
  const said = members.map((rows) => rows[row * size + token]!);
  return pool.dynamic.update(weights, said, priors);
}
