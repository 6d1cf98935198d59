/**
 * The header of a safetensors file: 8 bytes of little-endian length, then that much JSON
 * `{"name": {"dtype", "shape", "data_offsets": [start, end]}, ..., "__metadata__": {...}}`, then
 * the data. Validated totally: the tensors tile the data exactly, so no byte is unaccounted for.
 * Holds no tensor values. Format: https://github.com/huggingface/safetensors#format
 *
 * Stricter than the reference library in two ways: duplicate keys (there the last one wins) and
 * unknown fields are refused.
 */

import { badInput } from '../../errors.ts';
import { byteLengthOf, type Dtype, isDtype } from '../../tensor/dtype.ts';
import { elementCountOf, formatShape } from '../../tensor/shape.ts';
import type { TensorEntry } from '../checkpoint.ts';
import {
  decodeUtf8,
  type JsonCursor,
  jsonCursor,
  takeArray,
  takeEnd,
  takeObject,
  takeSize,
  takeString,
} from '../jsonCursor.ts';

/** Bytes of the little-endian integer that a file starts with. */
export const LENGTH_BYTES = 8;

/** The reference library's own limit; some 500,000 tensors fit, and a bad length costs no memory. */
export const MAX_HEADER_BYTES = 100_000_000;

/** PyTorch's limit on dimensions; keeps a hostile shape from filling memory. */
const MAX_DIMENSIONS = 64;

export const METADATA_KEY = '__metadata__';

export interface SafetensorsHeader {
  /** In the order of their data. */
  readonly tensors: TensorEntry[];
  readonly metadata: Record<string, string>;
}

/** What the header says of one tensor; `[start, end)` counts from the end of the header. */
interface Span {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: number[];
  readonly start: number;
  readonly end: number;
}

/**
 * @param headerBytes the JSON, without the length before it
 * @param dataByteLength bytes of the file after the header
 * @param name what errors call the file
 */
export function parseSafetensorsHeader(
  headerBytes: Uint8Array,
  dataByteLength: number,
  name: string,
): SafetensorsHeader {
  if (headerBytes.length > MAX_HEADER_BYTES) throw headerTooLong(headerBytes.length, name);
  const text = decodeUtf8(headerBytes, `${name}: header`);
  const { spans, metadata } = takeHeader(jsonCursor(text, `${name}: header`), name);
  spans.sort((a, b) => a.start - b.start || a.end - b.end);
  checkTiling(spans, dataByteLength, name);
  const dataOffset = LENGTH_BYTES + headerBytes.length;
  const tensors = spans.map((span) => ({
    name: span.name,
    dtype: span.dtype,
    shape: span.shape,
    file: 0,
    byteOffset: dataOffset + span.start,
  }));
  return { tensors, metadata };
}

export function headerTooLong(byteLength: number | bigint, name: string) {
  return badInput(
    `${name}: the header is said to be ${byteLength} bytes long, the limit is ${MAX_HEADER_BYTES}`,
  );
}

function takeHeader(cursor: JsonCursor, name: string) {
  const spans: Span[] = [];
  const metadata: [string, string][] = [];
  takeObject(cursor, (key) => {
    if (key === METADATA_KEY) {
      takeObject(cursor, (field) => metadata.push([field, takeString(cursor)]));
    } else {
      spans.push(takeSpan(cursor, key, `${name}: tensor ${JSON.stringify(key)}`));
    }
  });
  takeEnd(cursor);
  return { spans, metadata: Object.fromEntries(metadata) };
}

function takeSpan(header: JsonCursor, name: string, subject: string): Span {
  const cursor: JsonCursor = { text: header.text, position: header.position, subject };
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  takeObject(cursor, (field) => {
    if (field === 'dtype') dtype = takeString(cursor);
    else if (field === 'shape') shape = takeSizes(cursor, 'shape', MAX_DIMENSIONS);
    else if (field === 'data_offsets') offsets = takeSizes(cursor, 'data_offsets', 2);
    else throw badInput(`${subject}: unknown field ${JSON.stringify(field)}`);
  });
  header.position = cursor.position;
  return checkSpan(name, subject, dtype, shape, offsets);
}

function takeSizes(cursor: JsonCursor, field: string, limit: number): number[] {
  const sizes: number[] = [];
  takeArray(cursor, () => {
    if (sizes.length === limit) {
      throw badInput(`${cursor.subject}: ${field} has more than ${limit} numbers`);
    }
    sizes.push(takeSize(cursor));
  });
  return sizes;
}

function checkSpan(
  name: string,
  subject: string,
  dtype: string | undefined,
  shape: number[] | undefined,
  offsets: number[] | undefined,
): Span {
  if (dtype === undefined) throw badInput(`${subject}: has no dtype`);
  if (shape === undefined) throw badInput(`${subject}: has no shape`);
  const [start, end] = offsets ?? [];
  if (start === undefined || end === undefined) {
    throw badInput(`${subject}: data_offsets must be two numbers`);
  }
  if (!isDtype(dtype)) throw badInput(`${subject}: unknown dtype ${JSON.stringify(dtype)}`);
  const wanted = byteLengthOf(dtype, elementCountOf(shape, subject));
  if (wanted === undefined) {
    throw badInput(
      `${subject}: shape ${formatShape(shape)} of ${dtype} is no countable number of whole bytes`,
    );
  }
  if (end < start) throw badInput(`${subject}: data_offsets end at ${end}, before ${start}`);
  if (end - start !== wanted) {
    throw badInput(
      `${subject}: shape ${formatShape(shape)} of ${dtype} needs ${wanted} bytes, data_offsets [${start}, ${end}] give ${end - start}`,
    );
  }
  return { name, dtype, shape, start, end };
}

/** Every byte of the data belongs to exactly one tensor. `spans` are sorted by start. */
function checkTiling(spans: readonly Span[], dataByteLength: number, name: string): void {
  let position = 0;
  let previous: Span | undefined;
  for (const span of spans) {
    if (span.start !== position || span.end > dataByteLength) {
      throw misplaced(span, previous, dataByteLength, name);
    }
    position = span.end;
    previous = span;
  }
  if (position !== dataByteLength) {
    throw badInput(
      `${name}: ${dataByteLength - position} bytes follow the last tensor, which ends at byte ${position} of the data`,
    );
  }
}

function misplaced(span: Span, previous: Span | undefined, dataByteLength: number, name: string) {
  const subject = `${name}: tensor ${JSON.stringify(span.name)}`;
  if (span.end > dataByteLength) {
    return badInput(
      `${subject}: ends at byte ${span.end} of the data, which has only ${dataByteLength} (is the file truncated?)`,
    );
  }
  const position = previous?.end ?? 0;
  if (span.start < position) {
    return badInput(
      `${subject}: starts at byte ${span.start}, within tensor ${JSON.stringify(previous?.name)}, which ends at ${position}`,
    );
  }
  return badInput(
    `${subject}: starts at byte ${span.start}, but what is before it ends at ${position}, which leaves a hole`,
  );
}
