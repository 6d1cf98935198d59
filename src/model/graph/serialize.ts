/** A graph as the bytes of an ONNX model, its weights being external data. */

import type {
  Attribute,
  ElementType,
  Graph,
  GraphConstant,
  GraphNode,
  GraphPort,
  GraphWeight,
} from './graph.ts';
import { DATA_LOCATION_EXTERNAL, encodeModel } from './proto.ts';

/** IR 10 and operator set 20 are the newest that the browser's runtime reads as well. */
const IR_VERSION = 10;
const OPERATOR_SET = 20;

export const ELEMENT_TYPES: Record<ElementType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int64: 7,
  bool: 9,
};

/** Types in which weights are stored, by their numbers in ONNX. */
const STORED_TYPES = { F32: 1, F16: 10, BF16: 16 } as const;

/** Where the values of a weight lie: in a file beside the model, or one that is handed over by name. */
export interface StoredWeight {
  readonly type: keyof typeof STORED_TYPES;
  readonly location: string;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/**
 * Weights in half precision become float32 by a cast that the runtime carries out once, when it opens
 * the model, so that they are never held in both forms.
 */
export function serializeGraph(
  graph: Graph,
  storedOf: (weight: string) => StoredWeight,
): Uint8Array {
  const weights = graph.weights.map((weight) => ({ ...weight, stored: storedOf(weight.name) }));
  const casts = weights
    .filter(({ stored }) => stored.type !== 'F32')
    .map(({ name }) => castOf(name));
  const { graph: message, ...model } = modelMessage({
    ...graph,
    nodes: [...casts, ...graph.nodes],
  });
  const initializer = [...message.initializer, ...weights.map(weightTensor)];
  return encodeModel({ ...model, graph: { ...message, initializer } });
}

/** A ModelProto, but for the weights. */
export function modelMessage(graph: Graph) {
  return {
    irVersion: IR_VERSION,
    producerName: 'lmfuse',
    opsetImport: [
      { domain: '', version: OPERATOR_SET },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: 'lmfuse',
      node: graph.nodes.map(nodeMessage),
      initializer: graph.constants.map(constantTensor) as object[],
      input: graph.inputs.map(portInfo),
      output: graph.outputs.map(portInfo),
    },
  };
}

const storedName = (weight: string) => `${weight}:stored`;

function castOf(weight: string): GraphNode {
  return {
    op: 'Cast',
    domain: '',
    inputs: [storedName(weight)],
    outputs: [weight],
    attributes: { to: ELEMENT_TYPES.float32 },
  };
}

function nodeMessage({ op, domain, inputs, outputs, attributes }: GraphNode) {
  return {
    opType: op,
    domain,
    name: outputs[0],
    input: inputs,
    output: outputs,
    attribute: Object.entries(attributes).map(attributeOf),
  };
}

function weightTensor({ name, dims, stored }: GraphWeight & { readonly stored: StoredWeight }) {
  return {
    name: stored.type === 'F32' ? name : storedName(name),
    dims,
    dataType: STORED_TYPES[stored.type],
    dataLocation: DATA_LOCATION_EXTERNAL,
    externalData: externalData(stored),
  };
}

export function externalData({ location, byteOffset, byteLength }: Omit<StoredWeight, 'type'>) {
  return [
    { key: 'location', value: location },
    { key: 'offset', value: String(byteOffset) },
    { key: 'length', value: String(byteLength) },
  ];
}

/** Types of attributes: FLOAT 1, INT 2, STRING 3, INTS 7. */
function attributeOf([name, value]: [string, Attribute]) {
  if (typeof value === 'number') return { name, i: value, type: 2 };
  if (typeof value === 'string') return { name, s: new TextEncoder().encode(value), type: 3 };
  if (Array.isArray(value)) return { name, ints: value, type: 7 };
  return { name, f: (value as { float: number }).float, type: 1 };
}

function constantTensor({ name, type, dims, values }: GraphConstant) {
  return { name, dims, dataType: ELEMENT_TYPES[type], rawData: rawData(type, values) };
}

function rawData(type: ElementType, values: readonly number[]): Uint8Array {
  if (type === 'float32') return new Uint8Array(Float32Array.from(values).buffer);
  if (type === 'int64') return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return type === 'int8' ? new Uint8Array(Int8Array.from(values).buffer) : Uint8Array.from(values);
}

function portInfo({ name, type, dims }: GraphPort) {
  const dim = dims.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPES[type], shape: { dim } } } };
}
