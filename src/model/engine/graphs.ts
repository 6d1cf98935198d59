/** The graphs of a checkpoint, after checking that nothing of it is missing, and nothing left over. */

import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import { type Config, readConfig } from '../graph/config.ts';
import type { Family, FamilyTask } from '../graph/family/family.ts';
import { familyOf } from '../graph/family/registry.ts';
import type { Graph, GraphBuilder, Value } from '../graph/graph.ts';
import { graphBuilderOf } from './graphWeights.ts';
import { refuseLeftovers } from './leftovers.ts';

export interface ModelGraphs {
  readonly task: FamilyTask;
  readonly config: Config;
  /** One, or an encoder and a decoder. */
  readonly graphs: readonly Graph[];
}

type Part = Parameters<Family['build']>[2];

export function graphsOf(checkpoint: Checkpoint): ModelGraphs {
  const { config: raw, path } = checkpoint;
  if (!raw) throw badInput(`${path}: has no config.json, which says how to run it`);
  const family = familyOf(raw, path);
  const { task } = family;
  const parts: Part[] = task === 'sequence_to_sequence' ? ['encoder', 'decoder'] : ['whole'];
  const config = readConfig(raw, `${path}/config.json`);
  const graphs = parts.map((part) => {
    const g = graphBuilderOf(checkpoint, family.prefixes);
    family.build(g, config, part);
    addLogProbabilities(g);
    return g.graph;
  });
  refuseLeftovers(checkpoint, config, task, graphs);
  return { task, config, graphs };
}

/** What decoding and pools work with, computed where the logits are. */
function addLogProbabilities(g: GraphBuilder): void {
  const logits = g.graph.outputs.find(({ name }) => name === 'logits');
  if (!logits) return;
  const values = g.apply('LogSoftmax', ['logits' as Value], { axis: -1 });
  g.output('log_probabilities', values, 'float32', logits.dims);
}
