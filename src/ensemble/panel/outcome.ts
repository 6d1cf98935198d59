/** How a request to a panel ends well. */

import type { TextResponse } from '../../model/languageModel.ts';
import type { Proposal } from './call.ts';
import type { PanelReport } from './report.ts';
import type { Run } from './run.ts';

export interface Outcome extends Pick<PanelReport, 'standings'> {
  readonly answer: TextResponse;
  readonly call: number;
  /** Whether `onText` has had the answer already, as it was written. */
  readonly isStreamed: boolean;
  readonly isLoneSurvivor?: boolean;
}

export type Fuse = (run: Run) => Promise<Outcome>;

/** A proposer's answer as it is. */
export function verbatim({ answer, call }: Proposal): Outcome {
  return { answer, call, isStreamed: false };
}

/** The only one, if it is: nobody is asked what to make of it. */
export function loneSurvivor([only, ...others]: readonly Proposal[]): Outcome | undefined {
  if (only === undefined || others.length > 0) return undefined;
  return { ...verbatim(only), isLoneSurvivor: true };
}
