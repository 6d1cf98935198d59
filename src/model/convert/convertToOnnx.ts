/**
 * A checkpoint to a folder that transformers.js loads: config and tokenizer, and the graphs with their
 * weights in `onnx/`. The folder appears complete or not at all, as a merge's does.
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { openCheckpoint } from '../../checkpoint/open.ts';
import { badInput } from '../../errors.ts';
import { holdLock } from '../../merge/run/lock.ts';
import {
  createFolder,
  explained,
  freeBytes,
  type OutputFolder,
  planOutputFolder,
  publish,
} from '../../merge/run/outputFolder.ts';
import { openWeightReader, type WeightReader } from '../engine/weightReader.ts';
import { type OnnxFile, planOnnxFiles } from './planOnnx.ts';
import { writeFolder } from './writeFolder.ts';
import type { WriteControl } from './writeOnnx.ts';

export interface ConvertOptions {
  /** Files with int8 weights as well. */
  readonly quantize?: 'int8';
  /** Replace the folder if lmfuse made it. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ConvertProgress) => void;
  /** Weights of more bytes than this are in a file of their own; 1 GiB by default. */
  readonly mostInside?: number;
}

export interface ConvertProgress {
  /** Bytes of weights written, of those to write. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface ConvertReport {
  readonly out: string;
  /** Bytes of weights in each. */
  readonly files: readonly { readonly name: string; readonly byteLength: number }[];
  readonly warnings: readonly string[];
}

const MOST_INSIDE = 2 ** 30;
/** For the graphs and the other files. */
const SPARE_BYTES = 2 ** 24;

export async function convertToOnnx(
  checkpointPath: string,
  outFolder: string,
  options: ConvertOptions = {},
): Promise<ConvertReport> {
  const checkpoint = await openCheckpoint(checkpointPath, checkpointPath);
  const weights = openWeightReader(checkpoint);
  try {
    return await convert(checkpoint, weights, outFolder, options);
  } finally {
    weights.close();
  }
}

async function convert(
  checkpoint: Checkpoint,
  { read }: WeightReader,
  outFolder: string,
  options: ConvertOptions,
): Promise<ConvertReport> {
  const { quantize, overwrite = false, mostInside = MOST_INSIDE } = options;
  const files = planOnnxFiles(checkpoint, read, { quantize, mostInside });
  const folder = await planOutputFolder(outFolder, { overwrite, inputs: [checkpoint.path] });
  await assertSpace(folder.out, sum(files));
  const control = controlOf(sum(files), options);
  await complete(folder, (output) => writeFolder(output, checkpoint, files, { quantize, control }));
  return { out: folder.out, files: sizesOf(files), warnings: warningsFor(checkpoint) };
}

/** The folder as `write` makes it, or as it was. */
async function complete(
  folder: OutputFolder,
  write: (output: string) => Promise<void>,
): Promise<void> {
  await createFolder(folder.partial);
  const release = holdLock(folder.partial);
  try {
    const output = join(folder.partial, 'output');
    await rm(output, { recursive: true, force: true });
    await explained(output, () => write(output));
    await publish(folder, output, { sync: true });
  } catch (error) {
    await rm(folder.partial, { recursive: true, force: true });
    throw error;
  } finally {
    release();
  }
}

async function assertSpace(out: string, byteLength: number): Promise<void> {
  const needed = byteLength + SPARE_BYTES;
  const free = await freeBytes(out);
  if (needed <= free) return;
  throw badInput(`${out}: needs ${needed} bytes of disk space, and ${free} are free`);
}

const sum = (files: readonly OnnxFile[]) =>
  files.reduce((total, { byteLength }) => total + byteLength, 0);

function sizesOf(files: readonly OnnxFile[]): ConvertReport['files'] {
  return files.map(({ name, byteLength }) => ({ name: `onnx/${name}`, byteLength }));
}

function warningsFor({ path, otherFiles }: Checkpoint): string[] {
  if (otherFiles.includes('tokenizer.json')) return [];
  return [`${path}: has no tokenizer.json, so the folder that was made of it reads no text either`];
}

function controlOf(totalBytes: number, { signal, onProgress }: ConvertOptions): WriteControl {
  let doneBytes = 0;
  return {
    signal,
    onBytes(count) {
      doneBytes += count;
      onProgress?.({ doneBytes, totalBytes });
    },
  };
}
