/**
 * A merge that is planned but not carried out, seen as a model: later documents of the same recipe
 * can be planned and checked against it before the first tensor is read.
 */

import { join } from 'node:path';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { LoadedModel } from '../plan/loadedModel.ts';
import type { FilePlan } from '../plan/planFiles.ts';
import type { MergePlan } from '../plan/planMerge.ts';

export function plannedModel(
  name: string,
  folder: string,
  plan: MergePlan,
  files: FilePlan,
): LoadedModel {
  const { tokenizer } = plan.vocabulary;
  return {
    reference: name,
    checkpoint: plannedCheckpoint(name, folder, plan, files),
    hasTokenizer: tokenizer !== undefined || plan.reference.hasTokenizer,
    async readFile(file) {
      const written = files.files.find((candidate) => candidate.name === file);
      if (written) return Buffer.from(written.content);
      const owner = plan.models.find(({ checkpoint }) =>
        files.copies.some(
          (copy) => copy.name === file && copy.from === join(checkpoint.path, file),
        ),
      );
      return (owner ?? plan.reference).readFile(file);
    },
    async vocabulary() {
      if (!tokenizer) return { ...(await plan.reference.vocabulary()), reference: name };
      const source = tokenizer.models[tokenizer.output.source]!.vocabulary;
      const { tokens, byId, size } = tokenizer.output;
      return { ...source, reference: name, tokens, byId, size };
    },
  };
}

function plannedCheckpoint(
  name: string,
  folder: string,
  plan: MergePlan,
  files: FilePlan,
): Checkpoint {
  const entries = plan.shards.flatMap((shard, file) =>
    shard.tensors.map(({ tensor: { name, dtype, shape }, byteOffset }) => {
      return [name, { name, dtype, shape, file, byteOffset }] as const;
    }),
  );
  return {
    reference: name,
    path: folder,
    files: plan.shards.map((shard) => ({
      name: shard.name,
      path: join(folder, shard.name),
      byteLength: shard.byteLength,
      modifiedMs: 0,
      headerSha256: '',
    })),
    tensors: new Map(entries),
    config: plan.config,
    otherFiles: [...files.copies, ...files.files].map((file) => file.name).sort(),
  };
}
