/** What the operating system refuses, as a sentence about the path. */

import { badInput } from '../errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
};

/** A bad_input error for a system error; any other error as it is. */
export function explainSystemError(path: string, what: string, cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return cause;
  return badInput(`${path}: ${what} (${REASONS[code] ?? code})`, cause);
}
