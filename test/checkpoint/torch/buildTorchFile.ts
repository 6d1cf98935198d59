/** Builds small pickles, zip archives and legacy files, well-formed or not, byte by byte. */

import { crc32 } from 'node:zlib';

type Part = string | number | Uint8Array | readonly number[];

/** Strings are latin1, numbers are bytes. */
export function bytesOf(...parts: readonly Part[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(part, 'latin1');
      return typeof part === 'number' ? Buffer.of(part) : Buffer.from(part);
    }),
  );
}

export function int32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

export function int16(value: number): Uint8Array {
  return Buffer.of(value & 255, value >> 8);
}

export function pickleOf(...parts: readonly Part[]): Uint8Array {
  return bytesOf(0x80, 2, ...parts, '.');
}

export function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return bytesOf('X', int32(bytes.length), bytes);
}

export function int64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}

export function integer(value: number): Uint8Array {
  return Math.abs(value) < 2 ** 31 ? bytesOf('J', int32(value)) : bytesOf('\x8a\x08', int64(value));
}

export function tupleOf(...parts: readonly Part[]): Uint8Array {
  return bytesOf('(', ...parts, 't');
}

export function dictOf(entries: Readonly<Record<string, Part>>): Uint8Array {
  const items = Object.entries(entries).flatMap(([key, value]) => [text(key), value]);
  return bytesOf('}(', ...items, 'u');
}

export function global(module: string, name: string): Uint8Array {
  return bytesOf(`c${module}\n${name}\n`);
}

export interface StorageOptions {
  readonly type?: Uint8Array;
  readonly key?: string;
  readonly count?: number;
  readonly extra?: Part;
}

export function storage(options: StorageOptions = {}): Uint8Array {
  const { type = global('torch', 'FloatStorage'), key = '0', count = 4, extra = [] } = options;
  return bytesOf(
    tupleOf(text('storage'), type, text(key), text('cpu'), integer(count), extra),
    'Q',
  );
}

export interface TensorOptions extends StorageOptions {
  readonly rebuild?: string;
  readonly offset?: number;
  readonly size?: readonly number[];
  readonly stride?: readonly number[];
  readonly last?: Part;
}

/** A call that rebuilds a tensor: by default four floats of storage "0". */
export function tensor(options: TensorOptions = {}): Uint8Array {
  const {
    rebuild = '_rebuild_tensor_v2',
    offset = 0,
    size = [4],
    stride = [1],
    last = [],
  } = options;
  const hooks = bytesOf(global('collections', 'OrderedDict'), ')R');
  const lists = [size, stride].map((list) => tupleOf(...list.map(integer)));
  const args = tupleOf(storage(options), integer(offset), ...lists, 0x89, hooks, last);
  return bytesOf(global('torch._utils', rebuild), args, 'R');
}

interface ZipOptions {
  readonly method?: number;
}

/** A zip archive of entries that are stored as they are. */
export function zipOf(
  entries: Readonly<Record<string, Uint8Array>>,
  { method = 0 }: ZipOptions = {},
): Uint8Array {
  const locals: Uint8Array[] = [];
  const records: Uint8Array[] = [];
  let offset = 0;
  for (const [name, data] of Object.entries(entries)) {
    const sizes = [int32(crc32(data) | 0), int32(data.length), int32(data.length)].flatMap((b) => [
      ...b,
    ]);
    const middle = bytesOf(
      int16(20),
      int16(0),
      int16(method),
      int32(0),
      sizes,
      int16(name.length),
      int16(0),
    );
    const local = bytesOf('PK\x03\x04', middle, name, data);
    records.push(bytesOf('PK\x01\x02', int16(20), middle, new Uint8Array(10), int32(offset), name));
    locals.push(local);
    offset += local.length;
  }
  const directory = bytesOf(...records);
  const counts = bytesOf(int16(records.length), int16(records.length));
  const end = bytesOf(
    'PK\x05\x06',
    int32(0),
    counts,
    int32(directory.length),
    int32(offset),
    int16(0),
  );
  return bytesOf(...locals, directory, end);
}

/** A zip-format checkpoint with 16 bytes in storage "0". */
export function torchZip(
  pickle: Uint8Array,
  more: Readonly<Record<string, Uint8Array>> = {},
  options: ZipOptions = {},
): Uint8Array {
  return zipOf({ 'a/data.pkl': pickle, 'a/data/0': new Uint8Array(16).fill(7), ...more }, options);
}

const MAGIC = pickleOf(0x8a, 10, [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);

export interface LegacyOptions {
  readonly version?: number;
  readonly littleEndian?: boolean;
  readonly keys?: readonly string[];
  readonly count?: number;
  readonly data?: Uint8Array;
}

/** A legacy checkpoint with one storage. */
export function torchLegacy(pickle: Uint8Array, options: LegacyOptions = {}): Uint8Array {
  const { version = 1001, littleEndian = true, keys = ['0'], count = 4 } = options;
  const system = pickleOf(dictOf({ little_endian: littleEndian ? 0x88 : 0x89 }));
  const keyList = pickleOf('](', ...keys.map(text), 'e');
  const data = options.data ?? new Uint8Array(16).fill(7);
  const head = bytesOf(MAGIC, pickleOf(integer(version)), system, pickle, keyList);
  return bytesOf(head, int32(count), int32(0), data);
}
