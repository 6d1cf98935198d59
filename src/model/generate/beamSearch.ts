/**
 * Beam search, with the candidates, the pool and the ways of stopping of transformers (4.50 and later).
 *
 * Each step ranks all continuations of the running beams by their sum of log-probabilities and looks
 * at the best  max(2, 1 + end tokens) * beams  of them: as every beam can end in so many ways, at
 * least `beams` of these go on. A continuation that ends enters the pool only if it is among the first
 * `beams`; the pool keeps the `beams` best by
 *
 *   score = sum of log-probabilities / length^lengthPenalty.
 *
 * The search is over when no beam goes on, and, once the pool is full,
 *   earlyStopping true     at once,
 *   earlyStopping false    when the best running sum, as if it ended now, is no better than the worst
 *                          of the pool,
 *   earlyStopping 'never'  likewise, but at the length that would suit it best: the maximum if the
 *                          penalty is positive.
 * `false` can stop too early where the penalty favours long texts; that is its definition.
 *
 * Unlike transformers there are no copies of the first row with a sum of -1e9, so continuations of
 * probability 0 are never kept, and an input may have fewer hypotheses than asked for.
 */

import { type Candidate, offerRow } from './candidates.ts';
import {
  extendPath,
  type Finish,
  hypothesisOf,
  lengthOf,
  type Path,
  scoreOf,
  sumOf,
} from './hypothesis.ts';
import { finishOf, type SearchInput } from './rowSearch.ts';
import type { RowRules, RuleSettings } from './rules.ts';
import { nothingPossible, type Search } from './search.ts';

export type EarlyStopping = boolean | 'never';

export interface BeamSettings extends RuleSettings {
  readonly beams: number;
  readonly hypotheses: number;
  readonly lengthPenalty: number;
  readonly earlyStopping: EarlyStopping;
}

interface Finished {
  readonly path: Path;
  readonly score: number;
  readonly finish: Finish;
}

export function beamSearch(settings: BeamSettings, rules: RowRules, input: SearchInput): Search {
  let running: readonly (Path | undefined)[] = [undefined];
  let pool: readonly Finished[] = [];
  return {
    step: (rows) => {
      const candidates = bestCandidates(settings, rules, input, running, rows);
      const { ended, going } = sortOut(settings, input, running, candidates);
      if (ended.length + going.length === 0 && pool.length === 0) {
        throw nothingPossible(lengthOf(running[0]));
      }
      pool = mergePool(pool, ended, settings.beams);
      running = going.map((candidate) => pathOf(running, candidate));
      if (isOver(settings, input.limit, running, pool)) return [];
      return going.map(({ row, token }) => ({ parent: row, token }));
    },
    result: () =>
      pool
        .slice(0, settings.hypotheses)
        .map(({ path, finish }) => hypothesisOf(path, settings.lengthPenalty, finish)),
  };
}

function bestCandidates(
  { beams, endTokens }: BeamSettings,
  rules: RowRules,
  { prompt, limit }: SearchInput,
  running: readonly (Path | undefined)[],
  rows: readonly Float32Array[],
): readonly Candidate[] {
  const best: Candidate[] = [];
  const count = Math.max(2, 1 + endTokens.length) * beams;
  for (const [row, path] of running.entries()) {
    offerRow(
      best,
      count,
      rules(rows[row]!, { prompt, path, limit, logNormalizer: undefined }),
      row,
      sumOf(path),
    );
  }
  return best;
}

/** Which candidates end, and which are the next beams. */
function sortOut(
  settings: BeamSettings,
  { limit }: SearchInput,
  running: readonly (Path | undefined)[],
  candidates: readonly Candidate[],
): { readonly ended: readonly Finished[]; readonly going: readonly Candidate[] } {
  const ended: Finished[] = [];
  const going: Candidate[] = [];
  const length = lengthOf(running[0]);
  for (const [rank, candidate] of candidates.entries()) {
    const finish = finishOf(settings, candidate.token, length, limit);
    if (finish === undefined) going.push(candidate);
    else if (rank < settings.beams) {
      const path = pathOf(running, candidate);
      const score = scoreOf(path.sumLogProb, path.length, settings.lengthPenalty);
      ended.push({ path, score, finish });
    }
  }
  return { ended, going: going.slice(0, settings.beams) };
}

function pathOf(running: readonly (Path | undefined)[], candidate: Candidate): Path {
  return extendPath(running[candidate.row], candidate.token, candidate.logProbability);
}

/** Of equal scores the older comes first. */
function mergePool(
  pool: readonly Finished[],
  ended: readonly Finished[],
  beams: number,
): readonly Finished[] {
  if (ended.length === 0) return pool;
  return [...pool, ...ended].sort((a, b) => b.score - a.score).slice(0, beams);
}

function isOver(
  { beams, lengthPenalty, earlyStopping }: BeamSettings,
  limit: number,
  running: readonly (Path | undefined)[],
  pool: readonly Finished[],
): boolean {
  const best = running[0];
  if (best === undefined) return true;
  if (pool.length < beams) return false;
  if (earlyStopping === true) return true;
  const length = earlyStopping === 'never' && lengthPenalty > 0 ? limit : best.length;
  return scoreOf(best.sumLogProb, length, lengthPenalty) <= pool.at(-1)!.score;
}
