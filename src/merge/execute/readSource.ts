/** Brings a range of a source's elements into memory, as stored bytes or as decoded numbers. */

import type { TensorEntry } from '../../checkpoint/checkpoint.ts';
import { readStrided } from '../../checkpoint/strided.ts';
import type { Kernels, Pointer } from '../../kernel/kernels.ts';
import { bytesPerElement, isMergeable, type MergeableDtype } from '../../tensor/dtype.ts';
import { MEAN_ROW, type RowPlace } from '../tokenizer/rowMap.ts';
import type { GatheredSource, TensorSource } from './task.ts';
import type { TaskFiles } from './taskFiles.ts';

export interface SourceReader {
  /** Bytes of one element as `read` leaves it. */
  readonly elementBytes: number;
  /** Brings elements [start, start + count) to `target`. */
  readonly read: (start: number, count: number, target: Pointer) => void;
  /** Decodes `count` elements that lie at `source` to a tile. */
  readonly decode: (source: Pointer, tile: Pointer, count: number) => void;
  /** tile = decoded elements - base */
  readonly decodeDelta: (source: Pointer, base: Pointer, tile: Pointer, count: number) => void;
}

export interface ReadContext {
  readonly files: TaskFiles;
  readonly kernels: Kernels;
  readonly bytes: Uint8Array;
  /** Called with the number of bytes of every read from a file. */
  readonly onRead: (byteLength: number) => void;
}

/** Bytes of scratch that a gathered source needs. */
export function gatherScratchBytes(rowLength: number): number {
  return rowLength * 16 + 64;
}

/** `scratch` is memory of `gatherScratchBytes`, used by gathered sources only. */
export function sourceReader(
  source: TensorSource,
  context: ReadContext,
  scratch: Pointer,
): SourceReader {
  return source.kind === 'stored'
    ? storedReader(source.entry, context)
    : gatheredReader(source, context, scratch);
}

function mergeableDtype(entry: TensorEntry): MergeableDtype {
  if (isMergeable(entry.dtype)) return entry.dtype;
  throw new Error(`tensor "${entry.name}" of dtype ${entry.dtype} was planned to be merged`);
}

function storedReader(entry: TensorEntry, context: ReadContext): SourceReader {
  const dtype = mergeableDtype(entry);
  const elementBytes = bytesPerElement(dtype);
  return {
    elementBytes,
    read(start, count, target) {
      readEntry(entry, context, start, count * elementBytes, elementBytes, target);
    },
    decode: (from, tile, count) => context.kernels.decode(dtype, from, tile, count),
    decodeDelta: (from, base, tile, count) =>
      context.kernels.decodeDelta(dtype, from, base, tile, count),
  };
}

/** Reads `byteLength` bytes of a tensor, from its element `start` on, to `target`. */
export function readEntry(
  entry: TensorEntry,
  { files, bytes, onRead }: Omit<ReadContext, 'kernels'>,
  start: number,
  byteLength: number,
  elementBytes: number,
  target: Pointer,
): void {
  const view = bytes.subarray(target, target + byteLength);
  if (entry.strides) {
    const read = (into: Uint8Array, offset: number) => files.read(entry.file, into, offset);
    readStrided(read, entry, start, start + byteLength / elementBytes, view);
  } else {
    files.read(entry.file, view, entry.byteOffset + start * elementBytes);
  }
  onRead(byteLength);
}

/** Rows are decoded as they are read, so that models of different dtypes can be mixed. */
function gatheredReader(
  source: GatheredSource,
  context: ReadContext,
  scratch: Pointer,
): SourceReader {
  const { kernels } = context;
  const numberBytes = kernels.numberBytes;
  const { rowLength, map } = source;
  const rowBytes = rowLength * numberBytes;
  const raw = scratch;
  const decoded = scratch + Math.ceil((rowLength * 8) / 16) * 16;

  function readRow({ model, row }: RowPlace, target: Pointer): void {
    const entry = source.tables[model];
    if (!entry) throw new Error(`no table of model ${model} to gather rows from`);
    const reader = storedReader(entry, context);
    reader.read(row * rowLength, rowLength, raw);
    reader.decode(raw, target, rowLength);
  }
  function meanRow(places: readonly RowPlace[], target: Pointer): void {
    context.bytes.fill(0, target, target + rowBytes);
    for (const place of places) {
      readRow(place, decoded);
      kernels.addScaled(decoded, 1 / places.length, target, rowLength);
    }
  }
  return {
    elementBytes: numberBytes,
    read(start, count, target) {
      const first = start / rowLength;
      for (let r = 0; r < count / rowLength; r++) {
        const at = target + r * rowBytes;
        const model = map.model[first + r]!;
        const row = map.row[first + r]!;
        if (model >= 0) readRow({ model, row }, at);
        else if (model === MEAN_ROW) meanRow(map.means[row]!, at);
        else context.bytes.fill(0, at, at + rowBytes);
      }
    },
    decode: (from, tile, count) =>
      void context.bytes.copyWithin(tile, from, from + count * numberBytes),
    decodeDelta: (from, base, tile, count) => kernels.subtract(from, base, tile, count),
  };
}
