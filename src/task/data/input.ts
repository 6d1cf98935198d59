/**
 * Where data comes from: a file, or bytes as they arrive (standard input, a file dropped on a page,
 * text at hand). Bytes only; what they say is for textBlocks.ts and rows.ts.
 */

import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { badInput } from '../../errors.ts';
import { explainSystemError } from '../../io/systemError.ts';
import { isGzipName } from './format.ts';

/** Bytes with the name that error messages call them; a name in .gz says that they are compressed. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** A path, or bytes. */
export type DataInput = string | NamedBytes;

export function textInput(text: string, name: string): NamedBytes {
  return { name, bytes: [new TextEncoder().encode(text)] };
}

export function nameOfInput(input: DataInput): string {
  return typeof input === 'string' ? input : input.name;
}

/** The bytes of `input`, uncompressed. */
export async function* readBytes(input: DataInput): AsyncGenerator<Uint8Array> {
  const name = nameOfInput(input);
  try {
    const bytes = typeof input === 'string' ? createReadStream(input) : input.bytes;
    yield* isGzipName(name) ? gunzipped(bytes) : bytes;
  } catch (cause) {
    throw explain(name, cause);
  }
}

function gunzipped(bytes: NamedBytes['bytes']): AsyncIterable<Uint8Array> {
  // The failure of any part comes out of the last one, so nobody listens here.
  return pipeline(Readable.from(bytes), createGunzip(), () => {});
}

function explain(name: string, cause: unknown): unknown {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code?.startsWith('Z_')) return badInput(`${name}: not a whole gzip file (${message})`, cause);
  return explainSystemError(name, 'cannot be read', cause);
}
