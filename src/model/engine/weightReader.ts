/** The weights of a checkpoint in float32, one at a time, whatever they are stored as. */

import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { readStrided } from '../../checkpoint/strided.ts';
import { openWeightBytes } from '../../checkpoint/weightBytes.ts';
import { createFloat32Reader } from './float32Reader.ts';

export interface WeightReader {
  readonly read: (weight: string) => Float32Array;
  readonly close: () => void;
}

export function openWeightReader(checkpoint: Checkpoint): WeightReader {
  const files = openWeightBytes(checkpoint);
  // Most checkpoints run without it, and it compiles the kernels.
  let convert: ReturnType<typeof createFloat32Reader> | undefined;
  return {
    read(weight) {
      convert ??= createFloat32Reader();
      const entry = checkpoint.tensors.get(weight)!;
      const bytes = (into: Uint8Array, offset: number) => files.read(entry.file, into, offset);
      return convert(entry, (start, end, target) => readStrided(bytes, entry, start, end, target));
    },
    close: files.close,
  };
}
