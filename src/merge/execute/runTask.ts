/**
 * Runs one task in one arena: streams the sources chunk by chunk through reused buffers, cuts chunks
 * into tiles, hands the tiles to the method, and writes the results in place.
 *
 * Tiles start at multiples of the tile's size from the tensor's first element, whatever the chunk's
 * size and whoever does the task; therefore so do all partial sums.
 */

import { badInput, FusionError } from '../../errors.ts';
import { type Kernels, type Pointer, TILE_NUMBERS } from '../../kernel/kernels.ts';
import { bitsPerElement, bytesPerElement } from '../../tensor/dtype.ts';
import {
  type Allocate,
  type Arena,
  arenaAllocator,
  createMachine,
  type StoredDeltas,
  type StoredTile,
  type TileMachine,
  tileBytes,
  tileCountBound,
} from '../method/machine.ts';
import type { MergeMethod, Pass } from '../method/method.ts';
import { mergeMethod } from '../method/registry.ts';
import { gatherScratchBytes, readEntry, type SourceReader, sourceReader } from './readSource.ts';
import type { CopyTask, MergeTask, Task, TensorSource } from './task.ts';
import type { TaskFiles } from './taskFiles.ts';

export interface TaskContext {
  readonly arena: Arena;
  readonly files: TaskFiles;
  /** Elements of a chunk, rounded down to whole tiles; changes no byte of the result. */
  readonly chunkNumbers: number;
  readonly kernels: (precision: MergeTask['precision']) => Kernels;
  readonly onRead: (byteLength: number) => void;
  readonly onWrite: (byteLength: number) => void;
  /** Called before every chunk. */
  readonly isAborted: () => boolean;
}

/** What a chunk holds, unless a test says otherwise; half a MiB of bfloat16. */
export const CHUNK_NUMBERS = 1 << 18;
const COPY_BYTES = 1 << 20;

export function runTask(task: Task, context: TaskContext): void {
  if (task.kind === 'copy') runCopy(task, context);
  else runMerge(task, context);
}

/** Elements of a tile: whole rows where the method needs them or a source is gathered by rows. */
function tileNumbersOf(method: MergeMethod, task: MergeTask): number {
  const gathered = [task.base, ...task.inputs].find((source) => source?.kind === 'gathered');
  if (!gathered && !method.wholeRows(task.tensor)) return TILE_NUMBERS;
  const row = Math.max(
    1,
    gathered?.rowLength ?? 0,
    method.wholeRows(task.tensor) ? task.tensor.rowLength : 1,
  );
  return row * Math.max(1, Math.floor(TILE_NUMBERS / row));
}

/** Elements of a chunk: whole tiles. */
function chunkNumbersOf(task: MergeTask, tileNumbers: number, most: number): number {
  const wanted = Math.max(1, Math.floor(most / tileNumbers)) * tileNumbers;
  return Math.min(wanted, Math.ceil((task.end - task.start) / tileNumbers) * tileNumbers);
}

/** Bytes of arena that a task needs. */
export function arenaBytesOf(task: Task, chunkNumbers = CHUNK_NUMBERS): number {
  if (task.kind === 'copy') return COPY_BYTES * 2 + 64;
  const numberBytes = task.precision === 'float32' ? 4 : 8;
  const method = mergeMethod(task.method, task.tensor.name);
  const tileNumbers = tileNumbersOf(method, task);
  const sources = [task.base, ...task.inputs].filter((source) => source !== undefined);
  const chunk = chunkNumbersOf(task, tileNumbers, chunkNumbers);
  let bytes = tileCountBound(task.inputs.length) * tileBytes(tileNumbers, numberBytes);
  bytes += method.scratchBytes(task.tensor) + 64 * (task.inputs.length + 8) + 4096;
  for (const source of sources) {
    if (source.kind === 'gathered') bytes += gatherScratchBytes(source.rowLength);
    bytes += chunk * (source.kind === 'gathered' ? numberBytes : sourceBytes(source.entry.dtype));
  }
  return bytes + chunk * bytesPerElement(task.outputDtype) + 64 * sources.length + 4096;
}

function sourceBytes(dtype: Parameters<typeof bitsPerElement>[0]): number {
  return bitsPerElement(dtype) / 8;
}

/** A source's reader, its chunk in memory, and where in the chunk the present tile starts. */
interface Stream {
  readonly reader: SourceReader;
  readonly chunk: Pointer;
  tileStart: Pointer;
}

function runMerge(task: MergeTask, context: TaskContext): void {
  const kernels = context.kernels(task.precision);
  const method = mergeMethod(task.method, task.tensor.name);
  const tileNumbers = tileNumbersOf(method, task);
  const chunkNumbers = chunkNumbersOf(task, tileNumbers, context.chunkNumbers);
  const allocate = arenaAllocator(context.arena);
  const streams = openStreams(task, context, kernels, allocate, chunkNumbers);
  const base = task.base ? streams[0] : undefined;
  const output = allocate(chunkNumbers * bytesPerElement(task.outputDtype));
  const stored = isPlainBf16(task)
    ? storedTile(context.arena, allocate, streams.slice(base ? 1 : 0), output)
    : undefined;
  const machine = createMachine({
    storedBf16: stored?.tile,
    storedDeltas: stored && base && isBf16(task.base) ? stored.deltas(base) : undefined,
    ...(base && { decodeBase: (tile, count) => base.reader.decode(base.tileStart, tile, count) }),
    allocate,
    buffer: context.arena.buffer,
    kernels,
    tileNumbers,
    inputs: (base ? streams.slice(1) : streams).map((stream) => (tile) => ({
      decode: (target, count) => stream.reader.decode(stream.tileStart, target, count),
      decodeDelta: (target, count) =>
        stream.reader.decodeDelta(stream.tileStart, tile.base, target, count),
    })),
  });
  const chunkLoop = { task, context, kernels, machine, streams, output, tileNumbers, stored };
  for (const pass of method.passes(task.tensor, machine)) {
    const length = pass.sampleNumbers
      ? sampledLength(pass.sampleNumbers / (task.end - task.start), chunkNumbers, tileNumbers)
      : chunkNumbers;
    for (let start = task.start; start < task.end; start += chunkNumbers) {
      if (context.isAborted()) throw new FusionError('aborted', 'the merge was stopped');
      runChunk(chunkLoop, pass, start, Math.min(length, task.end - start));
    }
  }
}

/** Whether the kernels can take the inputs and leave the result as the files hold them. */
function isPlainBf16({ inputs, outputDtype, precision }: MergeTask): boolean {
  return precision === 'float32' && outputDtype === 'BF16' && inputs.every(isBf16);
}

function isBf16(source: TensorSource | undefined): boolean {
  return source?.kind === 'stored' && source.entry.dtype === 'BF16';
}

/** Follows the streams of the inputs from tile to tile. */
function storedTile(
  { buffer }: Arena,
  allocate: Allocate,
  inputs: readonly Stream[],
  output: Pointer,
) {
  const list = allocate(inputs.length * 4);
  const places = new Uint32Array(buffer, list, inputs.length);
  let out = output;
  const tile: StoredTile = { list, input: (i) => inputs[i]!.tileStart, out: () => out };
  return {
    tile,
    deltas: (base: Stream): StoredDeltas => ({ ...tile, base: () => base.tileStart }),
    moveTo(tileOutput: Pointer) {
      for (let i = 0; i < inputs.length; i++) places[i] = inputs[i]!.tileStart;
      out = tileOutput;
    },
  };
}

/** The share of a chunk that a sample reads, in whole tiles. */
function sampledLength(share: number, chunkNumbers: number, tileNumbers: number): number {
  const tiles = Math.ceil((share * chunkNumbers) / tileNumbers);
  return Math.min(chunkNumbers, tiles * tileNumbers);
}

function openStreams(
  task: MergeTask,
  context: TaskContext,
  kernels: Kernels,
  allocate: Allocate,
  chunkNumbers: number,
): Stream[] {
  const bytes = new Uint8Array(context.arena.buffer);
  const read = { files: context.files, kernels, bytes, onRead: context.onRead };
  const sources = task.base ? [task.base, ...task.inputs] : task.inputs;
  return sources.map((source) => {
    const isGathered = source.kind === 'gathered';
    const scratch = isGathered ? allocate(gatherScratchBytes(source.rowLength)) : 0;
    const reader = sourceReader(source, read, scratch);
    const chunk = allocate(chunkNumbers * reader.elementBytes);
    return { reader, chunk, tileStart: chunk };
  });
}

interface ChunkLoop {
  readonly task: MergeTask;
  readonly context: TaskContext;
  readonly kernels: Kernels;
  readonly machine: TileMachine;
  readonly streams: readonly Stream[];
  readonly output: Pointer;
  readonly tileNumbers: number;
  readonly stored: ReturnType<typeof storedTile> | undefined;
}

/** Reads a chunk of every source, hands its tiles to the pass, and writes what the pass leaves. */
function runChunk(loop: ChunkLoop, pass: Pass, start: number, count: number): void {
  const { task, context, kernels, machine, streams, output, tileNumbers, stored } = loop;
  const outputBytes = bytesPerElement(task.outputDtype);
  for (const { reader, chunk } of streams) reader.read(start, count, chunk);
  for (let offset = 0; offset < count; offset += tileNumbers) {
    const size = Math.min(tileNumbers, count - offset);
    for (const stream of streams) {
      stream.tileStart = stream.chunk + offset * stream.reader.elementBytes;
    }
    const result = output + offset * outputBytes;
    stored?.moveTo(result);
    pass.tile({ start: start + offset, count: size });
    if (pass.writes && !pass.stores) kernels.encode(task.outputDtype, machine.out, result, size);
  }
  if (!pass.writes) return;
  const bytes = new Uint8Array(context.arena.buffer, output, count * outputBytes);
  context.files.write(task.output.file, bytes, task.output.byteOffset + start * outputBytes);
  context.onWrite(bytes.byteLength);
}

function runCopy(task: CopyTask, context: TaskContext): void {
  const bytes = new Uint8Array(context.arena.buffer);
  const read = { files: context.files, bytes, onRead: context.onRead };
  const first = context.arena.start;
  const other = first + COPY_BYTES;
  const elementBytes = Math.max(1, bitsPerElement(task.dtype) / 8);
  for (let start = 0; start < task.byteLength; start += COPY_BYTES) {
    if (context.isAborted()) throw new FusionError('aborted', 'the merge was stopped');
    const size = Math.min(COPY_BYTES, task.byteLength - start);
    task.inputs.forEach((entry, i) => {
      const target = i === 0 ? first : other;
      readEntry(entry, read, start / elementBytes, size, elementBytes, target);
      if (i > 0 && !sameBytes(bytes, first, other, size)) throw unequal(task, i);
    });
    const block = bytes.subarray(first, first + size);
    context.files.write(task.output.file, block, task.output.byteOffset + start);
    context.onWrite(size);
  }
}

function sameBytes(bytes: Uint8Array, a: Pointer, b: Pointer, size: number): boolean {
  for (let i = 0; i < size; i++) {
    if (bytes[a + i] !== bytes[b + i]) return false;
  }
  return true;
}

function unequal(task: CopyTask, input: number): FusionError {
  return badInput(
    `tensor "${task.name}": ${task.dtype} values cannot be averaged, only copied when all inputs ` +
      `agree, and those of ${task.references[0]} and ${task.references[input]} differ`,
  );
}
