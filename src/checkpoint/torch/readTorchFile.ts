/**
 * PyTorch checkpoints (`.bin`, `.pt`, `.pth`, `.ckpt`): where the tensors of one file lie. Nothing
 * in the file is executed, and no tensor data is read. Sharded checkpoints are put together
 * elsewhere, from their index.
 */

import { createHash } from 'node:crypto';
import { badInput } from '../../errors.ts';
import type { ByteSource } from '../../io/byteSource.ts';
import type { WeightFileContents } from '../checkpoint.ts';
import { readLegacyLayout } from './legacyLayout.ts';
import { namedTensors } from './stateDict.ts';
import { tensorEntry } from './tensorEntry.ts';
import type { TorchLayout } from './torchLayout.ts';
import { readZipLayout } from './zipLayout.ts';

export async function readTorchFile(source: ByteSource): Promise<WeightFileContents> {
  const { root, places, description } = await readLayout(source);
  return {
    headerSha256: createHash('sha256').update(description).digest('hex'),
    tensors: namedTensors(root, source.name).map((named) =>
      tensorEntry(named, places, source.name),
    ),
    metadata: {},
  };
}

const LONGEST_SIGNATURE = 16;

async function readLayout(source: ByteSource): Promise<TorchLayout> {
  const first = await source.slice(0, Math.min(LONGEST_SIGNATURE, source.byteLength));
  const signature = Buffer.from(first).toString('latin1');
  if (signature.startsWith('PK\x03\x04')) return readZipLayout(source);
  if (signature.startsWith('\x80')) return readLegacyLayout(source);
  if (signature.startsWith('version https://')) {
    throw badInput(`${source.name}: is a Git LFS pointer, not the weights; run "git lfs pull"`);
  }
  throw badInput(`${source.name}: is neither a zip archive nor a pickle, so no PyTorch file`);
}
