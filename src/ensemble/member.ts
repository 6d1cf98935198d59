/** Members of an ensemble: models that others opened, with what the recipe says of each. */

import type { LanguageModel } from '../model/languageModel.ts';

export interface Member {
  /** For people: as the recipe names the member, or its model. */
  readonly name: string;
  readonly model: LanguageModel;
  /** As written; 1 unless said otherwise. What it means is the pool's business. */
  readonly weight: number;
  /** Divides the logarithms of a distribution, which is then normalised again. 1 changes nothing. */
  readonly temperature: number;
}

/**
 * What becomes of a request when members fail: `error` fails with the first of them; `drop` goes on
 * with those that are left; a quorum goes on if at least so many are.
 */
export type FailurePolicy = 'error' | 'drop' | { readonly quorum: number };

/** A member that a result had to do without. */
export interface MissingMember {
  readonly member: string;
  readonly reason: string;
}
