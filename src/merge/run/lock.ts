/** Keeps two merges from working in the same partial folder. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { badInput } from '../../errors.ts';

interface Holder {
  readonly pid: number;
  /** When the process started: a later one may have the same number. */
  readonly startMs: number;
}

/** Takes the folder's lock, which a dead process does not hold; returns how to give it back. */
export function holdLock(folder: string): () => void {
  const path = join(folder, 'lock');
  const own: Holder = { pid: process.pid, startMs: Math.round(performance.timeOrigin) };
  if (!tryWrite(path, own)) {
    const holder = readHolder(path);
    if (holder && isAlive(holder, own)) {
      throw badInput(`${folder}: process ${holder.pid} is working on the same output`);
    }
    writeFileSync(path, JSON.stringify(own));
  }
  return () => rmSync(path, { force: true });
}

function tryWrite(path: string, own: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(own), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    const { pid, startMs } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder>;
    return Number.isInteger(pid) && pid! > 0 ? { pid: pid!, startMs: startMs ?? 0 } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, startMs }: Holder, own: Holder): boolean {
  if (pid === own.pid) return startMs === own.startMs;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
