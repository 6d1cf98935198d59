/** Candidates of all members for all items, the members side by side, and what if one fails. */

import { badInput, FusionError } from '../../errors.ts';
import { throwIfAborted } from '../../model/abort.ts';
import { linkSignals } from '../../model/http/abort.ts';
import type { Item, LanguageModel, RequestOptions } from '../../model/languageModel.ts';
import type { CandidateSettings, ItemCandidates } from './candidate.ts';
import { memberCandidates, memberError } from './memberCandidates.ts';

/** A model whose outputs are fused. */
export interface OutputMember {
  /** Its name is that of the member, and no two members have one name. */
  readonly model: LanguageModel;
  /** From 0; 1 unless said otherwise. */
  readonly weight?: number;
}

/** Hears why a member is left out; may throw to stop after all. */
export type OnMemberFailure = (error: FusionError, member: string) => void;

/**
 * A list per item, members in their order. The first member that fails stops the others and is the
 * error, unless `onFailure` is given: then the others go on without it, as long as one is left.
 */
export async function gatherCandidates(
  members: readonly OutputMember[],
  items: readonly Item[],
  settings: CandidateSettings = {},
  options: RequestOptions = {},
  onFailure?: OnMemberFailure,
): Promise<readonly ItemCandidates[]> {
  assertMembers(members);
  const { signal } = options;
  throwIfAborted(signal);
  const linked = linkSignals([signal]);
  const failures: { readonly error: FusionError; readonly member: string }[] = [];
  const lists = await Promise.all(
    members.map(({ model }) =>
      memberCandidates(model, items, settings, { ...options, signal: linked.signal }).catch(
        (error: unknown) => {
          failures.push({ error: ownError(error, model.name), member: model.name });
          if (!onFailure) linked.abort();
        },
      ),
    ),
  );
  linked.unlink();
  throwIfAborted(signal);
  for (const { error, member } of failures) {
    if (!onFailure) throw error;
    onFailure(error, member);
  }
  const [first] = failures;
  const answered = lists.filter((list) => list !== undefined);
  if (answered.length === 0 && first) throw first.error;
  return items.map((_, i) => answered.flatMap((list) => list[i]!));
}

function ownError(error: unknown, name: string): FusionError {
  return error instanceof FusionError ? error : memberError(name, error);
}

export function assertMembers(members: readonly OutputMember[]): void {
  if (members.length === 0) throw badInput('members: there are none whose outputs could be fused');
  const names = members.map(({ model }) => model.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw badInput(`members: two of them are named "${twice}"`);
}

/** By name. */
export function memberWeights(members: readonly OutputMember[]): ReadonlyMap<string, number> {
  assertMembers(members);
  return new Map(members.map(({ model, weight = 1 }) => [model.name, weight]));
}
