/** The graphs of a checkpoint, by what its config says it is. Not running them. */

import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import { readConfig } from '../graph/config.ts';
import type { Family, FamilyTask } from '../graph/family/family.ts';
import { familyOf } from '../graph/family/registry.ts';
import type { GraphBuilder } from '../graph/graph.ts';
import { graphBuilderOf } from './graphWeights.ts';

export type Part = Parameters<Family['build']>[2];

export interface CheckpointGraphs {
  readonly task: FamilyTask;
  /** One, or the encoder and the decoder; still open to additions. */
  readonly parts: readonly { readonly part: Part; readonly builder: GraphBuilder }[];
}

export function buildGraphs(checkpoint: Checkpoint): CheckpointGraphs {
  const { config, path } = checkpoint;
  if (!config) throw badInput(`${path}: has no config.json, which says how to run it`);
  const family = familyOf(config, path);
  const parts: Part[] = family.task === 'sequence_to_sequence' ? ['encoder', 'decoder'] : ['whole'];
  return {
    task: family.task,
    parts: parts.map((part) => {
      const builder = graphBuilderOf(checkpoint, family.prefixes);
      family.build(builder, readConfig(config, `${path}/config.json`), part);
      return { part, builder };
    }),
  };
}
