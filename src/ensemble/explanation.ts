/** Why an ensemble said what it said: what each member said, its weight, and who moved the choice. */

import type { Item, RequestOptions } from '../model/languageModel.ts';

export interface LabelOpinion {
  readonly member: string;
  /** As the recipe has it; a linear pool divides it by the sum of all. */
  readonly weight: number;
  /** Read from an answer, hence 0 or 1. */
  readonly isHard: boolean;
  /** Of each label; empty if the member is missing. */
  readonly probabilities: Readonly<Record<string, number>>;
  readonly label: string | undefined;
  /** What the label would be without this member. */
  readonly labelWithout: string | undefined;
  readonly missing?: string;
}

export interface LabelExplanation {
  readonly kind: 'labels';
  readonly label: string;
  readonly probabilities: Readonly<Record<string, number>>;
  readonly members: readonly LabelOpinion[];
}

export interface TokenOpinion {
  readonly member: string;
  readonly weight: number;
  /** Of the token that was written. */
  readonly logProbability: number;
  /** The token that this member alone would have written there. */
  readonly favourite: string;
}

export interface TokenStep {
  readonly token: string;
  readonly logProbability: number;
  readonly members: readonly TokenOpinion[];
  /** Members without whom another token would have been the most probable. */
  readonly movedBy: readonly string[];
}

export interface TokenExplanation {
  readonly kind: 'tokens';
  readonly text: string;
  readonly steps: readonly TokenStep[];
}

export interface CandidateLine {
  readonly text: string;
  readonly members: readonly string[];
  /** What the choice is made by, by name: utility, log-probability and the like. */
  readonly scores: Readonly<Record<string, number>>;
  readonly isChosen: boolean;
}

export interface TextExplanation {
  readonly kind: 'texts';
  readonly text: string;
  readonly candidates: readonly CandidateLine[];
}

export type Explanation = LabelExplanation | TokenExplanation | TextExplanation;

export type Explain = (item: Item, options?: RequestOptions) => Promise<Explanation>;
