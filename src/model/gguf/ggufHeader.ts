/**
 * The header of a GGUF file (github.com/ggml-org/ggml, docs/gguf.md), checked before native code sees
 * the file: what that stumbles over may end the process. Says what kind of model it is and where its
 * tensors lie; reads none of them.
 */

import { badInput } from '../../errors.ts';
import type { ByteSource } from '../../io/byteSource.ts';
import {
  ARRAY,
  type GgufCursor,
  ggufCursor,
  isNumberType,
  MoreBytesNeeded,
  NUMBERS,
  STRING,
} from './ggufCursor.ts';
import { checkTensors, readTensorEntries } from './ggufTensors.ts';

export interface GgufHeader {
  readonly architecture: string;
  /** Strings and numbers; booleans are 0 and 1. */
  readonly metadata: ReadonlyMap<string, string | number>;
  /** The vocabulary. */
  readonly tokens: readonly string[];
  /** Keys of metadata that is a list. */
  readonly lists: ReadonlySet<string>;
  readonly tensorNames: ReadonlySet<string>;
}

const FIRST_READ = 2 ** 20;
/** Ten times that of the largest vocabularies. */
const LARGEST_HEADER = 2 ** 28;

const MAGIC = 0x46554747;
const VERSIONS = [2, 3];
const SMALLEST_ENTRY = 13;
const SMALLEST_TENSOR = 24;
const DEFAULT_ALIGNMENT = 32;

export async function readGgufHeader(source: ByteSource): Promise<GgufHeader> {
  const { name, byteLength } = source;
  for (let size = FIRST_READ; ; size *= 4) {
    const prefix = await source.slice(0, Math.min(size, byteLength));
    try {
      return parseGgufHeader(ggufCursor(prefix, name, byteLength), name, byteLength);
    } catch (error) {
      if (!(error instanceof MoreBytesNeeded)) throw error;
      if (size >= LARGEST_HEADER) throw badInput(`${name}: its header has more than ${size} bytes`);
    }
  }
}

function parseGgufHeader(cursor: GgufCursor, name: string, byteLength: number): GgufHeader {
  checkVersion(cursor, name);
  const tensorCount = cursor.count('the number of tensors', SMALLEST_TENSOR);
  const entryCount = cursor.count('the number of metadata entries', SMALLEST_ENTRY);
  const metadata = new Map<string, string | number>();
  const tokens: string[] = [];
  const lists = new Set<string>();
  for (let i = 0; i < entryCount; i++) readEntry(cursor, name, { metadata, tokens, lists });
  const tensors = readTensorEntries(cursor, tensorCount, name);
  const alignment = alignmentOf(metadata, name);
  const dataStart = Math.ceil(cursor.offset() / alignment) * alignment;
  checkTensors(tensors, { name, alignment, dataLength: Math.max(0, byteLength - dataStart) });
  return {
    architecture: textOf(metadata, 'general.architecture', name),
    metadata,
    tokens,
    lists,
    tensorNames: new Set(tensors.map((tensor) => tensor.name)),
  };
}

function checkVersion(cursor: GgufCursor, name: string): void {
  if (cursor.uint32() !== MAGIC) throw badInput(`${name}: is not a GGUF file`);
  const version = cursor.uint32();
  if (VERSIONS.includes(version)) return;
  if ((version & 0xffff) === 0) {
    throw badInput(`${name}: is big-endian, and only little-endian GGUF files can be run`);
  }
  throw badInput(`${name}: is GGUF version ${version}, and versions 2 and 3 can be run`);
}

interface Entries {
  readonly metadata: Map<string, string | number>;
  readonly tokens: string[];
  readonly lists: Set<string>;
}

function readEntry(cursor: GgufCursor, name: string, { metadata, tokens, lists }: Entries): void {
  const key = cursor.string('a metadata key');
  const type = cursor.uint32();
  if (metadata.has(key) || lists.has(key)) {
    throw badInput(`${name}: has the metadata entry "${key}" twice`);
  }
  if (type === STRING) metadata.set(key, cursor.string(`"${key}"`));
  else if (isNumberType(type)) metadata.set(key, cursor.number(type));
  else if (type !== ARRAY) throw badInput(`${name}: "${key}" is of type ${type}, which is unknown`);
  else {
    lists.add(key);
    readList(cursor, name, key, tokens);
  }
}

/** Of the lists, the vocabulary alone is kept. */
function readList(cursor: GgufCursor, name: string, key: string, tokens: string[]): void {
  const type = cursor.uint32();
  if (type === ARRAY) throw badInput(`${name}: "${key}" is a list of lists, which cannot be run`);
  if (type !== STRING && !isNumberType(type)) {
    throw badInput(`${name}: "${key}" is a list of type ${type}, which is unknown`);
  }
  const size = type === STRING ? 8 : NUMBERS[type][0];
  const length = cursor.count(`the length of "${key}"`, size);
  if (type !== STRING) cursor.bytes(length * size);
  else if (key === 'tokenizer.ggml.tokens') {
    for (let i = 0; i < length; i++) tokens.push(cursor.string('a token'));
  } else {
    for (let i = 0; i < length; i++) cursor.bytes(cursor.count(`the length of "${key}"`, 1));
  }
}

function textOf(metadata: GgufHeader['metadata'], key: string, name: string): string {
  const value = metadata.get(key);
  if (typeof value === 'string') return value;
  throw badInput(`${name}: has no ${key}, which says what kind of model it is`);
}

function alignmentOf(metadata: GgufHeader['metadata'], name: string): number {
  const alignment = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  if (typeof alignment === 'number' && alignment >= 1 && Number.isInteger(Math.log2(alignment))) {
    return alignment;
  }
  throw badInput(`${name}: its alignment is ${alignment}, which is not a power of two`);
}
