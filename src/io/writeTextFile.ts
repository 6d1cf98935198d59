/** A text file, written whole or not at all. */

import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { badInput } from '../errors.ts';
import { explainSystemError } from './systemError.ts';

export async function writeTextFile(
  path: string,
  text: string,
  { overwrite }: { readonly overwrite: boolean },
): Promise<void> {
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(partial, 'wx');
    await file.writeFile(text);
    await file.sync();
    await file.close();
    // A link, unlike a rename, fails where a file is.
    await (overwrite ? rename(partial, path) : link(partial, path));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw badInput(`${path}: exists already; --overwrite replaces it`, cause);
    }
    throw explainSystemError(path, 'cannot be written', cause);
  } finally {
    await rm(partial, { force: true });
  }
}
