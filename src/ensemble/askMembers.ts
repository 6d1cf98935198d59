/**
 * One question to all members at once, and what becomes of it when some of them fail.
 *
 * A request that the caller stopped is never a member's failure, and a defect of ours is never passed
 * over.
 */

import { badInput, FusionError } from '../errors.ts';
import type { RequestOptions } from '../model/languageModel.ts';
import type { FailurePolicy, Member } from './member.ts';

export interface Answer<T> {
  readonly member: Member;
  /** Place among all members. */
  readonly index: number;
  readonly value: T;
}

/** @returns the answers that came, in the order of the members; at least one */
export async function askMembers<T>(
  members: readonly Member[],
  policy: FailurePolicy,
  ask: (member: Member, index: number) => Promise<T>,
  { onMissing }: RequestOptions = {},
): Promise<readonly Answer<T>[]> {
  const settled = await Promise.allSettled(members.map(async (member, i) => ask(member, i)));
  const answers: Answer<T>[] = [];
  const failures: { readonly member: string; readonly error: unknown }[] = [];
  for (const [index, result] of settled.entries()) {
    const member = members[index]!;
    if (result.status === 'fulfilled') answers.push({ member, index, value: result.value });
    else failures.push({ member: member.name, error: result.reason });
  }
  const [first] = failures;
  if (first === undefined) return answers;
  const fatal = failures.find(({ error }) => !isPassable(error));
  if (fatal) throw fatal.error;
  if (policy === 'error') throw failureOf(first.member, first.error);
  const needed = policy === 'drop' ? 1 : policy.quorum;
  if (answers.length < needed) throw tooFew(answers.length, needed, failures);
  for (const { member, error } of failures) onMissing?.({ member, reason: reasonOf(error) });
  return answers;
}

function isPassable(error: unknown): boolean {
  return error instanceof FusionError && error.code !== 'aborted';
}

/** Says whose failure it is, unless the message does so itself. */
function failureOf(member: string, error: unknown): unknown {
  if (!(error instanceof FusionError) || error.message.includes(member)) return error;
  return new FusionError(error.code, `member ${member}: ${error.message}`, { cause: error });
}

function tooFew(
  count: number,
  needed: number,
  failures: readonly { readonly member: string; readonly error: unknown }[],
): FusionError {
  const reasons = failures.map(({ member, error }) => `${member}: ${reasonOf(error)}`).join('; ');
  return badInput(`${count} members answered, and ${needed} are needed (${reasons})`);
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
