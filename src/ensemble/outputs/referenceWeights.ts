/**
 * How much each candidate counts as a pseudo-reference: the members' outputs as one distribution, a
 * linear pool over texts.
 *
 *     w_r = weight of r's member * p(r | member's candidates)
 *
 * `uniform`: p = 1 / (candidates of the member). Right for samples, which are already as frequent as
 * they are probable (B. Eikema and W. Aziz, "Is MAP Decoding All You Need?", COLING 2020).
 * `probability`: p = softmax(log-probability / temperature) over the member's candidates. Right for an
 * n-best list, where each text stands once (S. Kumar and W. Byrne, HLT-NAACL 2004); of samples it
 * would count the frequent ones twice over.
 */

import { badInput } from '../../errors.ts';
import type { ItemCandidates } from './candidate.ts';

export interface ReferenceWeighting {
  /** `uniform` unless said otherwise. */
  readonly weighting?: 'uniform' | 'probability';
  /** Of `probability`; 1 unless said otherwise. Above 1 makes the candidates more alike. */
  readonly temperature?: number;
  /** By name, from 0; a member without one has 1. */
  readonly memberWeights?: ReadonlyMap<string, number>;
}

/** One per candidate; they sum to 1. */
export function referenceWeights(
  candidates: ItemCandidates,
  { weighting = 'uniform', temperature = 1, memberWeights }: ReferenceWeighting = {},
): Float64Array {
  if (!(temperature > 0)) throw badInput(`temperature: ${temperature} is not above 0`);
  const weights = new Float64Array(candidates.length);
  for (const [member, places] of placesByMember(candidates)) {
    const weight = checkedWeight(memberWeights?.get(member) ?? 1, member);
    const shares =
      weighting === 'uniform'
        ? places.map(() => 1 / places.length)
        : softmax(places.map((i) => logProbabilityOf(candidates, i) / temperature));
    places.forEach((place, i) => {
      weights[place] = weight * shares[i]!;
    });
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total > 0) return weights.map((weight) => weight / total);
  throw badInput('member weights: the members that wrote the candidates all have weight 0');
}

function placesByMember(candidates: ItemCandidates): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const [i, { member }] of candidates.entries()) {
    const known = places.get(member);
    if (known) known.push(i);
    else places.set(member, [i]);
  }
  return places;
}

export function checkedWeight(weight: number, member: string): number {
  if (weight >= 0 && Number.isFinite(weight)) return weight;
  throw badInput(`member "${member}": its weight ${weight} is not a number from 0`);
}

function logProbabilityOf(candidates: ItemCandidates, place: number): number {
  const { logProbability, member } = candidates[place]!;
  if (logProbability !== undefined && !Number.isNaN(logProbability)) return logProbability;
  throw badInput(
    `member "${member}": a candidate of it has no log-probability to be weighted by; ` +
      'weight candidates uniformly, or use a member that tells',
  );
}

/** Where all are impossible they are equal. */
function softmax(logs: readonly number[]): number[] {
  const largest = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const shares = logs.map((log) => (log === largest ? 1 : Math.exp(log - largest)));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / total);
}
