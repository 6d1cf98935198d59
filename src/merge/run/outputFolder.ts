/**
 * The output folder appears complete or not at all: work happens in `<out>.lmfuse-partial/` beside
 * it, and one rename ends it. An existing folder is replaced only if lmfuse made it and the user
 * asked for it, and stays until its successor is complete.
 */

import { lstat, mkdir, open, realpath, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { badInput } from '../../errors.ts';
import { explainSystemError } from '../../io/systemError.ts';
import { PROVENANCE_FILE } from '../plan/provenance.ts';

export interface OutputFolder {
  readonly out: string;
  readonly partial: string;
  readonly replaces: boolean;
}

export const PARTIAL_SUFFIX = '.lmfuse-partial';
const OLD_SUFFIX = '.lmfuse-old';

/** Checks what can be checked before any work; creates nothing. */
export async function planOutputFolder(
  out: string,
  options: { readonly overwrite: boolean; readonly inputs: readonly string[] },
): Promise<OutputFolder> {
  const path = resolve(out);
  await assertNoInput(path, options.inputs);
  const exists = await isThere(path);
  if (exists && !options.overwrite) {
    throw badInput(`${out}: already exists; use --overwrite to replace it, or another folder`);
  }
  if (exists && !(await isThere(join(path, PROVENANCE_FILE)))) {
    throw badInput(
      `${out}: exists and was not made by lmfuse (it holds no ${PROVENANCE_FILE}), so --overwrite ` +
        'does not replace it',
    );
  }
  return { out: path, partial: path + PARTIAL_SUFFIX, replaces: exists };
}

async function assertNoInput(out: string, inputs: readonly string[]): Promise<void> {
  const target = await realOrSame(out);
  for (const input of inputs) {
    const source = await realOrSame(input);
    for (const suffix of ['', PARTIAL_SUFFIX, OLD_SUFFIX]) {
      if (!holds(target + suffix, source)) continue;
      const is = source === target + suffix ? 'is one of the inputs' : `holds the input ${input}`;
      throw badInput(`${out}${suffix}: ${is}; choose another output folder`);
    }
    if (!holds(source, target)) continue;
    // The work folder would be taken for files of the model.
    throw badInput(`${out}: lies inside the input ${input}; choose another output folder`);
  }
}

function holds(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside.split(sep)[0] !== '..' && !isAbsolute(inside);
}

/** The real path; of something that does not exist, that of its nearest existing parent. */
async function realOrSame(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realOrSame(parent), basename(path));
  }
}

/** Whether there is anything of this name, be it a link that leads nowhere. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

/** Bytes free where the output goes; the nearest existing folder is asked. */
export async function freeBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (cause) {
    const parent = dirname(path);
    if (parent === path) throw cause;
    return freeBytes(parent);
  }
}

/** Turns a system error into a sentence about the path. */
export async function explained<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw explainSystemError(path, 'cannot be written', cause);
  }
}

export async function createFolder(path: string): Promise<void> {
  await explained(path, () => mkdir(path, { recursive: true }));
}

/** Moves the finished folder to its place. */
export async function publish(
  folder: OutputFolder,
  finished: string,
  options: { readonly sync: boolean },
): Promise<void> {
  const parent = dirname(folder.out);
  if (options.sync) await syncFolder(finished);
  const old = join(parent, basename(folder.out) + OLD_SUFFIX);
  await explained(folder.out, async () => {
    if (folder.replaces) {
      await rm(old, { recursive: true, force: true });
      await rename(folder.out, old);
    }
    await renameOrRestore(finished, folder, old);
  });
  if (options.sync) await syncFolder(parent);
  await rm(old, { recursive: true, force: true });
  await rm(folder.partial, { recursive: true, force: true });
}

async function renameOrRestore(finished: string, folder: OutputFolder, old: string) {
  try {
    await rename(finished, folder.out);
  } catch (error) {
    if (folder.replaces) await rename(old, folder.out);
    throw error;
  }
}

/** Folders cannot be opened for syncing everywhere (Windows); there the rename has to do. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
