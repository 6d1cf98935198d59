/** The record by which an output can be told to be ours, and made again. */

import type { JsonObject } from '../../checkpoint/checkpoint.ts';
import type { FilePlanInput } from './planFiles.ts';

export const PROVENANCE_FILE = 'lmfuse.json';

export function provenanceOf({ plan, inputs, seed, version, portable }: FilePlanInput): JsonObject {
  return {
    generator: `lmfuse ${version}`,
    method: plan.method.name,
    seed,
    ...(plan.recipe.baseModel === undefined ? {} : { base_model: portable(plan.recipe.baseModel) }),
    inputs: inputs.map(({ reference, files }) => ({
      model: portable(reference),
      files: files.map(({ name, byteLength, headerSha256, sha256 }) => ({
        name,
        size: byteLength,
        header_sha256: headerSha256,
        ...(sha256 === undefined ? {} : { sha256 }),
      })),
    })),
    notes: plan.notes.map(portable),
  };
}
