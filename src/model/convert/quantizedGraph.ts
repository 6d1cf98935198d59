/**
 * A graph with its large matrices in int8, as ONNX's dynamic quantization has it. With activations
 * x ~ s_x (a - z), a in uint8, and weights W ~ s_W Q per output channel,
 *
 *   x W + b  ~  (a - z) Q  s_x s_W + b       MatMulInteger, Cast, Mul, Add
 *   W[i]     ~  Q[i] s_W[i]                  Gather (twice), Cast, Mul
 *
 * where s_x and z come from the range of x when the graph runs (DynamicQuantizeLinear). In float32
 * stay norms, biases, small tensors, and what is used in any other way. Numbers: quantize.ts.
 */

import type { Graph, GraphConstant, GraphNode, GraphWeight } from '../graph/graph.ts';
import { ELEMENT_TYPES } from '../graph/serialize.ts';
import type { MatrixLayout } from './quantize.ts';

export interface QuantizedWeight {
  readonly weight: GraphWeight;
  readonly layout: MatrixLayout;
}

export interface QuantizedGraph {
  /** Its weights are those that stay as they are. */
  readonly graph: Graph;
  readonly quantized: readonly QuantizedWeight[];
}

export const valuesName = (weight: string) => `${weight}:int8`;
export const scalesName = (weight: string) => `${weight}:scales`;

/** Below so many numbers nothing is won. */
const SMALL = 1024;
const LAST: GraphConstant = { name: 'axes:last', type: 'int64', dims: [1], values: [-1] };

export function quantizedGraph(graph: Graph): QuantizedGraph {
  const quantized = graph.weights.flatMap((weight) => {
    const layout = layoutOf(weight, graph.nodes);
    return layout ? [{ weight, layout }] : [];
  });
  const byName = new Map(quantized.map((each) => [each.weight.name, each]));
  const scales = graph.nodes.flatMap(scaleConstant);
  return {
    graph: {
      ...graph,
      nodes: rewritten(graph.nodes, byName),
      constants: [...graph.constants, LAST, ...new Map(scales.map((c) => [c.name, c])).values()],
      weights: graph.weights.filter(({ name }) => !byName.has(name)),
    },
    quantized,
  };
}

/** How a weight is to be stored in int8; undefined if it stays as it is. */
function layoutOf({ name, dims }: GraphWeight, nodes: readonly GraphNode[]) {
  const [rows = 0, columns = 0] = dims;
  if (dims.length !== 2 || rows * columns < SMALL) return undefined;
  const uses = nodes.flatMap((node) =>
    node.inputs.flatMap((n, i) => (n === name ? [use(node, i)] : [])),
  );
  const kinds = new Set(uses);
  if (kinds.size === 0 || kinds.has('other')) return undefined;
  const isTable = kinds.has('table');
  // A table's channel is a row; [in, out] would need a column.
  if (kinds.has('matrix') && kinds.size > 1) return undefined;
  const channels = kinds.has('matrix') ? 'columns' : 'rows';
  return { rows, columns, channels, transposes: channels === 'rows' && !isTable } as const;
}

/** `matrix` is [in, out], `transposed` [out, in]. */
function use(node: GraphNode, input: number): 'matrix' | 'transposed' | 'table' | 'other' {
  const { op, attributes } = node;
  if (op === 'Gather' && input === 0 && !attributes.axis) return 'table';
  if (op === 'MatMul' && input === 1) return 'matrix';
  const isPlain = !attributes.transA && attributes.beta === undefined;
  if (op === 'Gemm' && input === 1 && isPlain) return attributes.transB ? 'transposed' : 'matrix';
  return 'other';
}

type ByName = ReadonlyMap<string, QuantizedWeight>;

function rewritten(nodes: readonly GraphNode[], byName: ByName): GraphNode[] {
  const ready = new Set<string>();
  const once = (name: string, made: readonly GraphNode[]) => {
    if (ready.has(name)) return [];
    ready.add(name);
    return made;
  };
  return nodes.flatMap((node) => {
    const table = byName.get(node.inputs[0] ?? '');
    if (node.op === 'Gather' && table) return lookedUp(node);
    const matrix = byName.get(node.inputs[1] ?? '');
    if (!matrix || !['Gemm', 'MatMul'].includes(node.op)) return [node];
    const [x = '', weight = ''] = node.inputs;
    const isTransposed = Boolean(node.attributes.transB) && !matrix.layout.transposes;
    return [
      ...once(x, [rounded(x)]),
      ...(isTransposed ? once(weight, [turned(weight)]) : []),
      ...multiplied(node, isTransposed ? turnedName(weight) : valuesName(weight)),
    ];
  });
}

function made(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: GraphNode['attributes'] = {},
): GraphNode {
  return { op, domain: '', inputs, outputs, attributes };
}

const TO_FLOAT = { to: ELEMENT_TYPES.float32 };

function rounded(x: string): GraphNode {
  return made('DynamicQuantizeLinear', [x], [`${x}:uint8`, `${x}:scale`, `${x}:zero`]);
}

const turnedName = (weight: string) => `${weight}:int8:turned`;

/** Of a table that is the last layer as well, and stored once; runtimes turn it when they open it. */
function turned(weight: string): GraphNode {
  return made('Transpose', [valuesName(weight)], [turnedName(weight)], { perm: [1, 0] });
}

function multiplied({ inputs, outputs, attributes }: GraphNode, values: string): GraphNode[] {
  const [x = '', weight = '', bias] = inputs;
  const [y = ''] = outputs;
  const inner = (step: string) => `${y}:${step}`;
  const alpha = alphaOf(attributes);
  const scales = alpha === 1 ? scalesName(weight) : inner('scales');
  const product = bias ? inner('product') : y;
  return [
    made('MatMulInteger', [`${x}:uint8`, values, `${x}:zero`], [inner('int32')]),
    made('Cast', [inner('int32')], [inner('sum')], TO_FLOAT),
    ...(alpha === 1 ? [] : [made('Mul', [scalesName(weight), alphaName(alpha)], [scales])]),
    made('Mul', [`${x}:scale`, scales], [inner('scale')]),
    made('Mul', [inner('sum'), inner('scale')], [product]),
    ...(bias ? [made('Add', [product, bias], [y])] : []),
  ];
}

function alphaOf({ alpha }: GraphNode['attributes']): number {
  return alpha === undefined ? 1 : (alpha as { readonly float: number }).float;
}

const alphaName = (alpha: number) => `alpha:${alpha}`;

function scaleConstant({ op, attributes }: GraphNode): GraphConstant[] {
  const alpha = op === 'Gemm' ? alphaOf(attributes) : 1;
  if (alpha === 1) return [];
  return [{ name: alphaName(alpha), type: 'float32', dims: [], values: [alpha] }];
}

function lookedUp({ inputs, outputs }: GraphNode): GraphNode[] {
  const [table = '', ids = ''] = inputs;
  const [y = ''] = outputs;
  const inner = (step: string) => `${y}:${step}`;
  return [
    made('Gather', [valuesName(table), ids], [inner('int8')], { axis: 0 }),
    made('Cast', [inner('int8')], [inner('rows')], TO_FLOAT),
    made('Gather', [scalesName(table), ids], [inner('scales')], { axis: 0 }),
    made('Unsqueeze', [inner('scales'), LAST.name], [inner('scale')]),
    made('Mul', [inner('rows'), inner('scale')], [y]),
  ];
}
