/** Reads the header of a safetensors file, and nothing else of it. */

import { createHash } from 'node:crypto';
import { badInput } from '../../errors.ts';
import type { ByteSource } from '../../io/byteSource.ts';
import type { WeightFileContents } from '../checkpoint.ts';
import { headerTooLong, LENGTH_BYTES, MAX_HEADER_BYTES, parseSafetensorsHeader } from './parse.ts';

/** The first 8 bytes of a Git LFS pointer, `version https://git-lfs...`, read as a length. */
const LFS_POINTER_START = 'version ';

export async function readSafetensorsFile(source: ByteSource): Promise<WeightFileContents> {
  if (source.byteLength < LENGTH_BYTES) {
    throw badInput(
      `${source.name}: has ${source.byteLength} bytes, too few for the length of a header (${LENGTH_BYTES})`,
    );
  }
  const headerEnd = LENGTH_BYTES + (await readHeaderLength(source));
  const bytes = await source.slice(0, headerEnd);
  const header = parseSafetensorsHeader(
    bytes.subarray(LENGTH_BYTES),
    source.byteLength - headerEnd,
    source.name,
  );
  return { ...header, headerSha256: createHash('sha256').update(bytes).digest('hex') };
}

async function readHeaderLength(source: ByteSource): Promise<number> {
  const bytes = await source.slice(0, LENGTH_BYTES);
  if (new TextDecoder('latin1').decode(bytes) === LFS_POINTER_START) {
    throw badInput(`${source.name}: is a Git LFS pointer, not the file itself (git lfs pull)`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) throw headerTooLong(length, source.name);
  const rest = source.byteLength - LENGTH_BYTES;
  if (Number(length) > rest) {
    throw badInput(
      `${source.name}: the header is said to be ${length} bytes long, but only ${rest} follow (is the file truncated?)`,
    );
  }
  return Number(length);
}
