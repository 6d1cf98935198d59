import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { badInput } from '../errors.ts';

const ABSENT: readonly string[] = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'];

/** What lies at `path`, links followed; undefined when nothing does. Other failures are errors. */
export async function statIfExists(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    if (ABSENT.includes(code)) return undefined;
    throw badInput(`${JSON.stringify(path)}: cannot be read (${code})`, cause);
  }
}

export async function isExistingFile(path: string): Promise<boolean> {
  return (await statIfExists(path))?.isFile() ?? false;
}

export async function isExistingFolder(path: string): Promise<boolean> {
  return (await statIfExists(path))?.isDirectory() ?? false;
}
