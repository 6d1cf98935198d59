/**
 * The formats that hold weights: one entry each, in order of preference. A new format is a new
 * entry and its reader. What a checkpoint's folder may hold besides is in otherFiles.ts.
 */

import type { ByteSource } from '../io/byteSource.ts';
import type { WeightFileContents } from './checkpoint.ts';
import { readSafetensorsFile } from './safetensors/read.ts';
import { readTorchFile } from './torch/readTorchFile.ts';

export interface WeightFormat {
  readonly name: string;
  /** The file of an unsharded checkpoint, as Hugging Face libraries write it. */
  readonly singleFile: string;
  /** The index of a sharded checkpoint: JSON with a `weight_map`. */
  readonly indexFile: string;
  readonly isWeightFile: (fileName: string) => boolean;
  readonly read: (source: ByteSource) => Promise<WeightFileContents>;
}

/** What trainers leave beside the weights: pickles in the same format that hold no model. */
const TRAINING_STATE = /^(training_args|optimizer|scheduler|scaler|random_states|rng_state).*\./;

export const WEIGHT_FORMATS: readonly WeightFormat[] = [
  {
    name: 'safetensors',
    singleFile: 'model.safetensors',
    indexFile: 'model.safetensors.index.json',
    isWeightFile: (name) => name.endsWith('.safetensors'),
    read: readSafetensorsFile,
  },
  {
    name: 'PyTorch',
    singleFile: 'pytorch_model.bin',
    indexFile: 'pytorch_model.bin.index.json',
    isWeightFile: (name) => /\.(bin|pt|pth|ckpt)$/.test(name) && !TRAINING_STATE.test(name),
    read: readTorchFile,
  },
];

export function formatOf(fileName: string): WeightFormat | undefined {
  return WEIGHT_FORMATS.find((format) => format.isWeightFile(fileName));
}
