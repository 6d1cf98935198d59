import { type FileHandle, open } from 'node:fs/promises';
import { badInput } from '../errors.ts';
import type { ByteSource } from './byteSource.ts';
import { assertRange } from './memorySource.ts';

export interface FileSource extends ByteSource {
  /** Modification time in milliseconds, as the file system gives it. */
  readonly modifiedMs: number;
  /** Fills memory of the caller's with the bytes from `start` on. */
  read(target: Uint8Array, start: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens `path` for reading; the caller closes it. */
export async function openFileSource(path: string): Promise<FileSource> {
  const handle = await openOrExplain(path);
  const stat = await handle.stat();
  if (!stat.isFile()) {
    await handle.close();
    throw badInput(`${path}: not a file`);
  }
  return {
    name: path,
    byteLength: stat.size,
    modifiedMs: stat.mtimeMs,
    async slice(start, end) {
      assertRange(path, stat.size, start, end);
      const bytes = new Uint8Array(end - start);
      await readExactly(handle, path, bytes, start);
      return bytes;
    },
    async read(target, start) {
      assertRange(path, stat.size, start, start + target.byteLength);
      await readExactly(handle, path, target, start);
    },
    close: () => handle.close(),
  };
}

/** Opens `path`, hands it to `use`, and closes it whatever happens. */
export async function withFileSource<T>(
  path: string,
  use: (source: FileSource) => Promise<T>,
): Promise<T> {
  const source = await openFileSource(path);
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

async function openOrExplain(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    throw badInput(`${path}: cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
}

async function readExactly(handle: FileHandle, path: string, bytes: Uint8Array, start: number) {
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0)
      throw badInput(`${path}: ends at byte ${start + filled}, while being read`);
    filled += bytesRead;
  }
}
