/**
 * What is known of each candidate of an item, as named numbers, for a linear model to rank them by
 * (rerank.ts).
 *
 *   mbr               expected utility (mbr.ts)
 *   log_probability   log p / tokens^lengthPenalty, under the member that wrote it
 *   score:MEMBER      the same under MEMBER, whoever wrote it (memberScores.ts)
 *   length_ratio      characters of the candidate / characters of the item
 *   members           members that wrote this very text
 *   prior             log of the share that its member's weight has of all
 *
 * P. Fernandes et al., "Quality-Aware Decoding for Neural Machine Translation", NAACL 2022, rank by
 * such features; the length penalty is that of beam search.
 */

import { badInput } from '../../errors.ts';
import type { Item, TextScore } from '../../model/languageModel.ts';
import type { Candidate, ItemCandidates } from './candidate.ts';
import type { FeatureTable } from './featureTable.ts';

/** What features are computed from. */
export interface FeatureContext {
  readonly item: Item;
  readonly candidates: ItemCandidates;
  /** Of every candidate, as decideByMbr gives them. */
  readonly expectedUtilities: ArrayLike<number>;
  readonly lengthPenalty: number;
  /** By name; a member without one has 1. */
  readonly memberWeights: ReadonlyMap<string, number>;
  /** By member, one per candidate. */
  readonly scores: ReadonlyMap<string, readonly TextScore[]>;
}

type Feature = (context: FeatureContext, candidate: Candidate, place: number) => number;

const FEATURES: Readonly<Record<string, Feature>> = {
  mbr: ({ expectedUtilities }, _, place) => expectedUtilities[place]!,
  log_probability: ({ lengthPenalty }, candidate) => ownLogProbability(candidate, lengthPenalty),
  length_ratio: ({ item }, { text }) => [...text].length / Math.max(1, [...item.text].length),
  members: ({ candidates }, { text }) =>
    new Set(candidates.filter((other) => other.text === text).map(({ member }) => member)).size,
  prior: (context, { member }) => logShare(context, member),
};

const SCORE = 'score:';

/** Throws if a name is none of the features, or if there is no name. */
export function assertFeatureNames(names: readonly string[], members: readonly string[]): void {
  if (names.length === 0) throw badInput('reranking: there are no features to rank by');
  const known = [...Object.keys(FEATURES), ...members.map((member) => SCORE + member)];
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined)
    throw badInput(`there is no feature "${wrong}"; there are ${known.join(', ')}`);
}

/** The members that the features want to hear of every candidate. */
export function scoringMembers(names: readonly string[]): readonly string[] {
  return names.filter((name) => name.startsWith(SCORE)).map((name) => name.slice(SCORE.length));
}

export function featureTable(names: readonly string[], context: FeatureContext): FeatureTable {
  const { candidates, item } = context;
  const values = candidates.flatMap((candidate, place) =>
    names.map((name) => {
      const value = featureNamed(name)(context, candidate, place);
      if (Number.isFinite(value)) return value;
      throw badInput(
        `item "${item.id}", member "${candidate.member}": feature ${name} is ${value}`,
      );
    }),
  );
  return { names, values: Float64Array.from(values) };
}

function featureNamed(name: string): Feature {
  if (name.startsWith(SCORE)) return scoreBy(name.slice(SCORE.length));
  const feature = Object.hasOwn(FEATURES, name) ? FEATURES[name] : undefined;
  if (feature) return feature;
  throw badInput(`there is no feature "${name}"; there are ${Object.keys(FEATURES).join(', ')}`);
}

function scoreBy(member: string): Feature {
  return ({ scores, lengthPenalty }, _, place) => {
    const score = scores.get(member)?.[place];
    if (score) return score.logProbability / score.tokenCount ** lengthPenalty;
    throw badInput(`feature ${SCORE}${member}: the member has scored no candidates`);
  };
}

function ownLogProbability(
  { member, logProbability, tokenCount }: Candidate,
  lengthPenalty: number,
): number {
  if (logProbability === undefined) {
    throw badInput(`member "${member}": feature log_probability: a candidate of it has none`);
  }
  if (lengthPenalty === 0) return logProbability;
  if (tokenCount !== undefined) return logProbability / tokenCount ** lengthPenalty;
  throw badInput(
    `member "${member}": feature log_probability: a candidate of it has no count of tokens, ` +
      `which a length penalty of ${lengthPenalty} needs; 0 needs none`,
  );
}

function logShare({ memberWeights, candidates }: FeatureContext, member: string): number {
  const weightOf = (name: string) => memberWeights.get(name) ?? 1;
  const names = new Set(candidates.map((candidate) => candidate.member));
  const total = [...names].reduce((sum, name) => sum + weightOf(name), 0);
  return Math.log(weightOf(member) / total);
}
