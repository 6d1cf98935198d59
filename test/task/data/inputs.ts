/** Data given as text, in chunks as small as a test wants. */

import type { NamedBytes } from '../../../src/task/data/input.ts';

export type Content = string | Uint8Array;

export function bytesOf(content: Content): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}

/** As it may come through a pipe: `size` bytes at a time, characters cut in two. */
export function inChunks(content: Content, name: string, size = 7): NamedBytes {
  const bytes = bytesOf(content);
  return { name, bytes: chunks(bytes, size) };
}

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.slice(i, i + size);
}
