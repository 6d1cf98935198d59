/**
 * A continuation that was found, and the linked form in which it grows.
 *
 *   score = sumLogProb / length^lengthPenalty      (Y. Wu et al., arXiv:1609.08144, simplified as in
 *                                                   transformers and OpenNMT)
 *
 * The length counts the end token, but neither the input nor a decoder's start token.
 */

/**
 * `end`: the model wrote an end token. `stop`: a stop string, or whoever watched the tokens said so.
 * `length`: the maximum was reached, perhaps with an end token that was forced there.
 */
export type Finish = 'end' | 'stop' | 'length';

export interface Hypothesis {
  /** With the end token, if there is one. */
  readonly tokens: readonly number[];
  /**
   * Of each token under the model, after bans and the repetition penalty and before temperature and
   * cuts. Where only one token was allowed (a forced end) it is 0.
   */
  readonly logProbabilities: readonly number[];
  readonly sumLogProb: number;
  readonly score: number;
  readonly finish: Finish;
}

/** What came of one input. */
export interface Generation {
  /** Of a beam search best first, of sampling as they were drawn. Never empty. */
  readonly hypotheses: readonly Hypothesis[];
}

/** The last token of a continuation and the path to it: continuations share their beginnings. */
export interface Path {
  readonly previous: Path | undefined;
  readonly token: number;
  readonly logProbability: number;
  readonly length: number;
  readonly sumLogProb: number;
}

export function extendPath(
  previous: Path | undefined,
  token: number,
  logProbability: number,
): Path {
  return {
    previous,
    token,
    logProbability,
    length: lengthOf(previous) + 1,
    sumLogProb: sumOf(previous) + logProbability,
  };
}

export function lengthOf(path: Path | undefined): number {
  return path === undefined ? 0 : path.length;
}

export function sumOf(path: Path | undefined): number {
  return path === undefined ? 0 : path.sumLogProb;
}

export function scoreOf(sumLogProb: number, length: number, lengthPenalty: number): number {
  return sumLogProb / length ** lengthPenalty;
}

export function hypothesisOf(last: Path, lengthPenalty: number, finish: Finish): Hypothesis {
  const tokens = new Array<number>(last.length);
  const logProbabilities = new Array<number>(last.length);
  for (let path: Path | undefined = last; path !== undefined; path = path.previous) {
    tokens[path.length - 1] = path.token;
    logProbabilities[path.length - 1] = path.logProbability;
  }
  const { sumLogProb, length } = last;
  const score = scoreOf(sumLogProb, length, lengthPenalty);
  return { tokens, logProbabilities, sumLogProb, score, finish };
}
