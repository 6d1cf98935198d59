/** What is recorded of every input: size and header hash, on request the hash of the whole content. */

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { WeightFile } from '../../checkpoint/checkpoint.ts';
import { FusionError } from '../../errors.ts';
import type { InputSummary } from '../merge.ts';
import type { LoadedModel } from '../plan/loadedModel.ts';

export interface HashOptions {
  readonly hash: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

const BLOCK_BYTES = 1 << 22;

export async function summarizeInputs(
  models: readonly LoadedModel[],
  options: HashOptions,
): Promise<InputSummary[]> {
  const files = models.flatMap(({ checkpoint }) => checkpoint.files);
  const total = files.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let done = 0;
  const hashed = async (file: WeightFile) => {
    if (!options.hash) return {};
    const sha256 = await hashFile(file, options, (byteLength) => {
      done += byteLength;
      options.onProgress?.(done, total);
    });
    return { sha256 };
  };
  const summaries: InputSummary[] = [];
  for (const { reference, checkpoint } of models) {
    const lines: InputSummary['files'][number][] = [];
    for (const file of checkpoint.files) {
      const { name, byteLength, headerSha256 } = file;
      lines.push({ name, byteLength, headerSha256, ...(await hashed(file)) });
    }
    const dtypes = new Set([...checkpoint.tensors.values()].map(({ dtype }) => dtype));
    summaries.push({ reference, dtypes: [...dtypes], files: lines });
  }
  return summaries;
}

async function hashFile(
  { path }: WeightFile,
  { signal }: HashOptions,
  onBytes: (byteLength: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  const block = new Uint8Array(BLOCK_BYTES);
  const handle = await open(path, 'r');
  try {
    for (;;) {
      if (signal?.aborted) throw new FusionError('aborted', 'the merge was stopped');
      const { bytesRead } = await handle.read(block, 0, block.length);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(block.subarray(0, bytesRead));
      onBytes(bytesRead);
    }
  } finally {
    await handle.close();
  }
}
