/**
 * The output folder appears complete or not at all: work happens in `<out>.lmfuse-partial/` beside
 * it, and one rename ends it. An existing folder is replaced only if lmfuse made it and the user
 * asked for it, and stays until its successor is complete.
 */

import { access, mkdir, open, realpath, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { badInput } from '../../errors.ts';
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
    const inside = relative(target, await realOrSame(input));
    if (inside.startsWith('..') || resolve(inside) === inside) continue;
    const what = inside === '' ? 'is one of the inputs' : `holds the input ${input}`;
    throw badInput(`${out}: ${what}; choose another output folder`);
  }
}

async function realOrSame(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return resolve(path);
  }
}

export async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
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
    const code = (cause as NodeJS.ErrnoException).code;
    if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) throw cause;
    throw badInput(
      `${path}: cannot be written (${code === 'ENOSPC' ? 'the disk is full' : code})`,
      cause,
    );
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
    await rename(finished, folder.out);
  });
  if (options.sync) await syncFolder(parent);
  await rm(old, { recursive: true, force: true });
  await rm(folder.partial, { recursive: true, force: true });
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
