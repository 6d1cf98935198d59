/**
 * A graph as others are to have it: without what only our own runtime knows of. Not quantized:
 * quantizedGraph.ts.
 */

import type { Graph, GraphConstant, GraphNode, GraphPort } from '../graph/graph.ts';

/** By this input we ask for the last logits alone; transformers.js would not know what to give. */
const FROM: GraphConstant = { name: 'logits_from', type: 'int64', dims: [1], values: [0] };

export function exportedGraph(graph: Graph): Graph {
  const isAsked = graph.inputs.some(({ name }) => name === FROM.name);
  const outputs = exportedOutputs(graph.outputs);
  const nodes = neededNodes(graph.nodes, outputs);
  const used = new Set(nodes.flatMap((node) => node.inputs));
  return {
    inputs: graph.inputs.filter(({ name }) => name !== FROM.name).map(named),
    outputs: outputs.map(named),
    nodes,
    constants: isAsked ? [...graph.constants, FROM] : graph.constants,
    weights: graph.weights.filter(({ name }) => used.has(name)),
  };
}

function exportedOutputs(outputs: readonly GraphPort[]): GraphPort[] {
  const hasLogits = outputs.some(({ name }) => name === 'logits');
  const own = ['log_probabilities', ...(hasLogits ? ['last_hidden_state'] : [])];
  return outputs.filter(({ name }) => !own.includes(name));
}

/** transformers.js makes an empty cache, of which it gives this one dimension a size. */
const DIMENSIONS: Readonly<Record<string, string>> = {
  batch: 'batch_size',
  length: 'sequence_length',
  past: 'past_sequence_length',
  total: 'total_sequence_length',
};

function named(port: GraphPort): GraphPort {
  const dims = port.dims.map((dim) => (typeof dim === 'string' ? (DIMENSIONS[dim] ?? dim) : dim));
  return { ...port, dims };
}

/** Nodes stand before those that use them, so that one pass from the end finds all. */
function neededNodes(nodes: readonly GraphNode[], outputs: readonly GraphPort[]): GraphNode[] {
  const wanted = new Set(outputs.map(({ name }) => name));
  const needed: GraphNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => wanted.has(name))) continue;
    needed.push(node);
    for (const name of node.inputs) wanted.add(name);
  }
  return needed.reverse();
}
