/** What a candidate is, and how many of them a member is asked for. */

import { badInput } from '../../errors.ts';
import type { GenerationOptions } from '../../model/generate/options.ts';

/** A whole text that a member proposes for an item. */
export interface Candidate {
  readonly text: string;
  /** The name of the member that wrote it. */
  readonly member: string;
  /** Of the whole text under that member, where it tells. */
  readonly logProbability?: number;
  /** Tokens that it is the sum over, the end token included. */
  readonly tokenCount?: number;
}

/** What is proposed for one item. */
export type ItemCandidates = readonly Candidate[];

/** Without `best` and `samples`: the 4 best. */
export interface CandidateSettings
  extends Pick<
    GenerationOptions,
    'maxNewTokens' | 'lengthPenalty' | 'temperature' | 'topK' | 'topP' | 'minP'
  > {
  /** Hypotheses of a beam search, which may find fewer. */
  readonly best?: number;
  /** As many as `best`, or as the checkpoint asks for if that is more, unless said otherwise. */
  readonly beams?: number;
  readonly samples?: number;
  /** Of the samples, 0 unless said otherwise; every answer of an endpoint has the next one. */
  readonly seed?: number;
  /** Answers of an endpoint that are under way at once, at the most; 16 unless said otherwise. */
  readonly concurrency?: number;
}

const DEFAULT_BEST = 4;

export interface CandidateCounts {
  readonly best: number;
  readonly samples: number;
}

export function countsOf({ best, samples = 0 }: CandidateSettings): CandidateCounts {
  const counts = { best: best ?? (samples > 0 ? 0 : DEFAULT_BEST), samples };
  for (const [name, count] of Object.entries(counts)) {
    if (Number.isSafeInteger(count) && count >= 0) continue;
    throw badInput(`${name}: ${count} is not a count of candidates`);
  }
  if (counts.best + counts.samples > 0) return counts;
  throw badInput('candidates: best and samples are both 0, so there is nothing to choose from');
}
