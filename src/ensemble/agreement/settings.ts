/** What may be asked of an agreement search, checked and completed. */

import { badInput } from '../../errors.ts';
import type { EarlyStopping } from '../../model/generate/beamSearch.ts';
import type { RequestOptions, TokenModel } from '../../model/languageModel.ts';

export interface AgreementMember {
  readonly model: TokenModel;
  /** Positive; the members' weights are divided by their sum. */
  readonly weight: number;
}

/** One text to continue or translate. */
export interface AgreementItem {
  /** Its tokens for each member, special tokens included. */
  readonly inputs: readonly (readonly number[])[];
}

export interface AgreementSettings extends RequestOptions {
  readonly beams?: number;
  /** Results per item, at most as many as there are beams. */
  readonly hypotheses?: number;
  readonly lengthPenalty?: number;
  readonly earlyStopping?: EarlyStopping;
  /** Of each member. */
  readonly maxNewTokens?: number;
  /**
   * Cells of the grids (grid.ts) that one item looks at in a step, whether or not the members
   * agree there. Members that agree nowhere would else go through all pairs of their vocabularies.
   */
  readonly cells?: number;
}

const DEFAULT_BEAMS = 4;
const DEFAULT_NEW_TOKENS = 256;
const DEFAULT_CELLS = 2_000;

export type ResolvedSettings = Required<Omit<AgreementSettings, 'signal' | 'onMissing'>>;

export function resolveSettings(
  members: readonly AgreementMember[],
  settings: AgreementSettings,
): ResolvedSettings {
  assertMembers(members);
  const own = members.flatMap(({ model }) => model.defaults.maxNewTokens ?? []);
  const beams = settings.beams ?? DEFAULT_BEAMS;
  const resolved: ResolvedSettings = {
    beams,
    hypotheses: settings.hypotheses ?? 1,
    lengthPenalty: settings.lengthPenalty ?? 1,
    earlyStopping: settings.earlyStopping ?? false,
    maxNewTokens:
      settings.maxNewTokens ?? Math.min(...(own.length > 0 ? own : [DEFAULT_NEW_TOKENS])),
    cells: settings.cells ?? DEFAULT_CELLS,
    truncate: settings.truncate ?? false,
  };
  for (const name of ['beams', 'hypotheses', 'maxNewTokens', 'cells'] as const) {
    const value = resolved[name];
    if (!Number.isSafeInteger(value) || value < 1) {
      throw badInput(`${name}: ${value} is not a positive integer`);
    }
  }
  if (!Number.isFinite(resolved.lengthPenalty)) {
    throw badInput(`lengthPenalty: ${resolved.lengthPenalty} is not a finite number`);
  }
  if (resolved.hypotheses > beams) {
    throw badInput(`hypotheses: ${resolved.hypotheses}, but there are ${beams} beams`);
  }
  return resolved;
}

function assertMembers(members: readonly AgreementMember[]): void {
  if (members.length === 0) throw badInput('agreement search: there are no members');
  for (const [i, { weight }] of members.entries()) {
    if (weight > 0 && Number.isFinite(weight)) continue;
    throw badInput(`member ${i + 1}: its weight ${weight} is not a positive number`);
  }
}
