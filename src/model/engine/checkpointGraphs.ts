/**
 * The graphs of a checkpoint, by what its config says it is, after checking that nothing is missing and
 * nothing left over. Not running them.
 */

import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import { type Config, readConfig } from '../graph/config.ts';
import type { Family, FamilyTask } from '../graph/family/family.ts';
import { familyOf } from '../graph/family/registry.ts';
import type { GraphBuilder } from '../graph/graph.ts';
import { graphBuilderOf } from './graphWeights.ts';
import { refuseLeftovers } from './leftovers.ts';

export type Part = Parameters<Family['build']>[2];

export interface CheckpointGraphs {
  readonly task: FamilyTask;
  readonly config: Config;
  /** One, or the encoder and the decoder; still open to additions. */
  readonly parts: readonly { readonly part: Part; readonly builder: GraphBuilder }[];
}

export function buildGraphs(checkpoint: Checkpoint): CheckpointGraphs {
  const { config: raw, path } = checkpoint;
  if (!raw) throw badInput(`${path}: has no config.json, which says how to run it`);
  const family = familyOf(raw, path);
  const { task } = family;
  const config = readConfig(raw, `${path}/config.json`);
  const names: Part[] = task === 'sequence_to_sequence' ? ['encoder', 'decoder'] : ['whole'];
  const parts = names.map((part) => {
    const builder = graphBuilderOf(checkpoint, family.prefixes);
    family.build(builder, config, part);
    return { part, builder };
  });
  const graphs = parts.map(({ builder }) => builder.graph);
  refuseLeftovers(checkpoint, config, task, graphs);
  return { task, config, parts };
}
