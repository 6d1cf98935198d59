/**
 * What decoding and pools work with, computed where the logits x are:
 *
 *   log_normalizers    z = log sum_j exp(x_j), one per distribution: by it logits can be had again
 *   log_probabilities  x_i - z
 *
 * z is what the subtraction took off the largest logit, in float32.
 */

import {
  createGraphBuilder,
  type Dimension,
  type Graph,
  type GraphBuilder,
  type Value,
} from '../graph/graph.ts';
import { cast, subtract } from '../graph/operators.ts';
import { encodeModel, FIELDS, fieldsOf } from '../graph/proto.ts';
import { modelMessage } from '../graph/serialize.ts';

export const LOG_PROBABILITIES = 'log_probabilities';
export const LOG_NORMALIZERS = 'log_normalizers';
const LOGITS = 'logits';

/** Adds both outputs to a graph of our own, if it has logits. */
export function addLogProbabilities(g: GraphBuilder): void {
  const logits = g.graph.outputs.find(({ name }) => name === LOGITS);
  if (logits) addOutputs(g, LOGITS as Value, logits.dims);
}

function addOutputs(g: GraphBuilder, logits: Value, dims: readonly Dimension[]): void {
  const logProbabilities = g.apply('LogSoftmax', [logits], { axis: -1 });
  const best = g.apply('ArgMax', [logits], { axis: -1, keepdims: 1 });
  const atBest = (x: Value) => g.apply('GatherElements', [x, best], { axis: -1 });
  const normalizers = subtract(g, atBest(logits), atBest(logProbabilities));
  g.output(LOG_PROBABILITIES, logProbabilities, 'float32', dims);
  g.output(LOG_NORMALIZERS, normalizers, 'float32', [...dims.slice(0, -1), 1]);
}

/**
 * Stands behind the bytes of an ONNX model that has logits, whoever made it, and gives it both outputs:
 * whoever reads a protobuf message that stands there twice joins the second to the first.
 */
export function logProbabilitiesTail(): Uint8Array {
  const g = createGraphBuilder(NO_WEIGHTS, () => {});
  // Some graphs give logits in half precision, too coarse for a sum over a vocabulary.
  addOutputs(g, cast(g, LOGITS as Value, 'float32'), []);
  const { node, output } = modelMessage(apart(g.graph)).graph;
  return encodeModel({ graph: { node, output: output.map(({ name }) => ({ name })) } });
}

export function hasLogits(model: Uint8Array): boolean {
  return fieldsOf(model, FIELDS.graph)
    .flatMap((graph) => fieldsOf(graph, FIELDS.output))
    .flatMap((output) => fieldsOf(output, FIELDS.name))
    .some((name) => new TextDecoder().decode(name) === LOGITS);
}

const NO_WEIGHTS = {
  find: () => undefined,
  shapeOf: () => [],
  missing(name: string): never {
    throw new Error(`there is no weight ${name}`);
  },
};

/** Values under names that no other graph has, but for its ports. */
function apart(graph: Graph): Graph {
  const ports = [LOGITS, ...graph.outputs.map(({ name }) => name)];
  const renamed = (values: readonly string[]) =>
    values.map((value) => (ports.includes(value) ? value : `${LOG_PROBABILITIES}:${value}`));
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: renamed(node.inputs),
      outputs: renamed(node.outputs),
    })),
  };
}
