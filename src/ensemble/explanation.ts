/** Why an ensemble said what it said: what each member said, its weight, and who moved the choice. */

import type { Item, RequestOptions } from '../model/languageModel.ts';
import type { PanelReport } from './panel/report.ts';

export interface LabelOpinion {
  readonly member: string;
  /** As the recipe has it; a linear pool divides it by the sum of all. */
  readonly weight: number;
  /** Read from an answer, hence 0 or 1. */
  readonly isHard: boolean;
  /** Of each label; empty if the member is missing. */
  readonly probabilities: Readonly<Record<string, number>>;
  readonly label: string | undefined;
  /** What the label would be without this member; undefined where all others have weight 0. */
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
  /** The token that this member alone would have written there, where it is known. */
  readonly favourite?: string;
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
  /** Of an approximate fusion: the mass that members did not list, over the steps. */
  readonly unseen?: { readonly mean: number; readonly max: number };
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

export interface PanelExplanation {
  readonly kind: 'panel';
  readonly text: string;
  readonly report: PanelReport;
}

/** Of a text that is given: how probable it is, and how exactly that is known. */
export interface BytesExplanation {
  readonly kind: 'bytes';
  readonly text: string;
  readonly bitsPerByte: number;
  readonly members: readonly {
    readonly member: string;
    readonly weight: number;
    /** Of the member by itself: what it is for certain between, after pruning. */
    readonly bitsPerByte: { readonly least: number; readonly most: number };
    /** More was pruned than kept: the lower end says nothing. */
    readonly isVacuous: boolean;
    /** The largest total variation of one step that pruning there can have caused. */
    readonly worstStep: number;
  }[];
}

export type Explanation =
  | LabelExplanation
  | TokenExplanation
  | TextExplanation
  | PanelExplanation
  | BytesExplanation;

export type Explain = (item: Item, options?: RequestOptions) => Promise<Explanation>;
