/**
 * Writes an ONNX file with its weights, one after the other, inside it or beside it: no more than what
 * is made of one tensor is held at a time.
 *
 * Inside: sizes are known beforehand, so protobuf's lengths are written before what they count.
 * Beside: `<file>_data`, as transformers.js looks for it; each tensor begins at a page, so that a
 * runtime can map it.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { throwIfAborted } from '../abort.ts';
import type { Graph } from '../graph/graph.ts';
import { DATA_LOCATION_EXTERNAL, encodeMessage, FIELDS, fieldHead } from '../graph/proto.ts';
import { ELEMENT_TYPES, externalData, modelMessage } from '../graph/serialize.ts';
import type { FileTensor, TensorGroup } from './tensorGroups.ts';

export interface WriteControl {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes: (count: number) => void;
}

export const dataFileOf = (file: string) => `${file}_data`;

const silent = (control: WriteControl): WriteControl => ({ ...control, onBytes: () => {} });

/** Node writes no more than 2 GiB at once, and a signal is to be heard. */
const MOST_BYTES = 2 ** 26;
const PAGE_BYTES = 4096;

export async function writeInside(
  path: string,
  graph: Graph,
  groups: readonly TensorGroup[],
  control: WriteControl,
): Promise<void> {
  const { graph: message, ...model } = modelMessage(graph);
  const body = encodeMessage('GraphProto', message);
  const heads = groups.map(({ tensors }) => tensors.map(tensorHead));
  const size = heads
    .flat()
    .reduce((sum, head) => sum + head.bytes.length + head.follows, body.length);
  await withFile(path, async (file) => {
    const start = [encodeMessage('ModelProto', model), fieldHead(FIELDS.graph, size), body];
    await writeAll(file, Buffer.concat(start), silent(control));
    for (const [g, group] of groups.entries()) {
      for (const [t, bytes] of group.read().entries()) {
        await writeAll(file, heads[g]![t]!.bytes, silent(control));
        await writeAll(file, bytes, control);
      }
    }
  });
}

/** All of an initializer's field but the values, which follow. */
function tensorHead(tensor: FileTensor): { readonly bytes: Uint8Array; readonly follows: number } {
  const message = encodeMessage('TensorProto', tensorMessage(tensor));
  const raw = fieldHead(FIELDS.rawData, tensor.byteLength);
  const size = message.length + raw.length + tensor.byteLength;
  const bytes = Buffer.concat([fieldHead(FIELDS.initializer, size), message, raw]);
  return { bytes, follows: tensor.byteLength };
}

function tensorMessage({ name, dims, type }: FileTensor) {
  return { name, dims, dataType: ELEMENT_TYPES[type] };
}

export async function writeBeside(
  path: string,
  graph: Graph,
  groups: readonly TensorGroup[],
  control: WriteControl,
): Promise<void> {
  const { graph: message, ...model } = modelMessage(graph);
  const tensors = groups.flatMap((group) => group.tensors);
  const offsets = offsetsOf(tensors);
  const initializer = tensors.map((tensor, i) => ({
    ...tensorMessage(tensor),
    dataLocation: DATA_LOCATION_EXTERNAL,
    externalData: externalData({
      location: dataFileOf(basename(path)),
      byteOffset: offsets[i]!,
      byteLength: tensor.byteLength,
    }),
  }));
  const whole = { ...message, initializer: [...message.initializer, ...initializer] };
  const bytes = encodeMessage('ModelProto', { ...model, graph: whole });
  await withFile(path, (file) => writeAll(file, bytes, silent(control)));
  await withFile(dataFileOf(path), async (file) => {
    let next = 0;
    for (const group of groups) {
      for (const values of group.read()) await writeAll(file, values, control, offsets[next++]!);
    }
  });
}

function offsetsOf(tensors: readonly FileTensor[]): number[] {
  let end = 0;
  return tensors.map(({ byteLength }) => {
    const start = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES;
    end = start + byteLength;
    return start;
  });
}

async function withFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeAll(
  file: FileHandle,
  bytes: Uint8Array,
  { signal, onBytes }: WriteControl,
  position?: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    throwIfAborted(signal);
    const length = Math.min(MOST_BYTES, bytes.length - done);
    const at = position === undefined ? null : position + done;
    const { bytesWritten } = await file.write(bytes, done, length, at);
    done += bytesWritten;
    onBytes(bytesWritten);
  }
}
