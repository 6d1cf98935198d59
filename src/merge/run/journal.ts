/**
 * The journal of a partial output: which tasks are done, so that the same command can go on after a
 * kill. A journal counts only for the same merge (`fingerprint`) and, since data may not have reached
 * the disk when a machine goes down, only until the next start of the machine (`boot`).
 *
 * Form: JSON lines; the first is {"fingerprint", "boot"}, each further one {"done": task}. A torn
 * last line is a task that is not done.
 */

import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { uptime } from 'node:os';
import { explainSystemError } from '../../io/systemError.ts';

export interface Journal {
  readonly done: ReadonlySet<number>;
  readonly markDone: (task: number) => void;
  readonly close: () => void;
}

interface JournalHead {
  readonly fingerprint: string;
  readonly boot: string;
}

/** Tasks that a journal of this merge says are done; undefined if there is no such journal. */
export function readJournal(path: string, fingerprint: string): Set<number> | undefined {
  const lines = readLines(path);
  const head = lines && parseLine(lines[0] ?? '');
  if (!head || head.fingerprint !== fingerprint || head.boot !== bootIdentity()) return undefined;
  const done = lines.slice(1).map((line) => parseLine(line)?.done);
  return new Set(done.filter((task) => typeof task === 'number'));
}

export function createJournal(path: string, fingerprint: string): Journal {
  const head: JournalHead = { fingerprint, boot: bootIdentity() };
  return openJournal(path, 'w', new Set(), `${JSON.stringify(head)}\n`);
}

export function continueJournal(path: string, done: ReadonlySet<number>): Journal {
  // A torn line must not swallow the next one.
  return openJournal(path, 'a', done, '\n');
}

function openJournal(
  path: string,
  flags: 'w' | 'a',
  done: ReadonlySet<number>,
  start: string,
): Journal {
  const descriptor = openSync(path, flags);
  const append = (line: string) => {
    try {
      writeSync(descriptor, line);
    } catch (cause) {
      throw explainSystemError(path, 'cannot be written', cause);
    }
  };
  append(start);
  fsyncSync(descriptor);
  return {
    done,
    markDone: (task) => append(`{"done":${task}}\n`),
    close: () => closeSync(descriptor),
  };
}

function readLines(path: string): string[] | undefined {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseLine(line: string): Partial<JournalHead & { done: number }> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Linux names each start of the machine; elsewhere the minute of the start has to do. */
function bootIdentity(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `started ${Math.round((Date.now() / 1000 - uptime()) / 60)}`;
  }
}
