/**
 * Graphs as other exporters make them, from those of a family: what they ask for and give is
 * different, what they compute is not.
 */

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCheckpoint } from '../../src/checkpoint/open.ts';
import { planOnnxFiles } from '../../src/model/convert/planOnnx.ts';
import { openWeightReader } from '../../src/model/engine/weightReader.ts';
import type { Graph, GraphNode, GraphPort } from '../../src/model/graph/graph.ts';
import { encodeMessage, FIELDS, fieldHead } from '../../src/model/graph/proto.ts';
import { modelMessage } from '../../src/model/graph/serialize.ts';

export interface Exported {
  readonly name: string;
  readonly graph: Graph;
  /** TensorProto messages. */
  readonly weights: readonly object[];
}

/** The graphs that a conversion would write. */
export async function exportedOf(folder: string): Promise<Exported[]> {
  const checkpoint = await openCheckpoint(folder, folder);
  const weights = openWeightReader(checkpoint);
  const files = planOnnxFiles(checkpoint, weights.read, { mostInside: 2 ** 30 });
  const exported = files.map(({ name, graph, groups }) => ({
    name,
    graph,
    weights: groups.map(({ tensors: [tensor], read }) => {
      const { name: weight, dims } = tensor!;
      return { name: weight, dims, dataType: 1, rawData: read()[0] };
    }),
  }));
  weights.close();
  return exported;
}

/** A folder with these files in `onnx`, and the rest from the checkpoint. */
export function writeForeign(
  checkpoint: string,
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
): string {
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  for (const name of ['config.json', 'tokenizer.json']) {
    copyFileSync(join(checkpoint, name), join(folder, name));
  }
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(folder, 'onnx', name), bytes);
  }
  return folder;
}

type Message = ReturnType<typeof modelMessage>;

export function encoded({ graph, weights }: Exported, change = (message: Message) => message) {
  const message = change(modelMessage(graph));
  const initializer = [...message.graph.initializer, ...weights];
  return encodeMessage('ModelProto', { ...message, graph: { ...message.graph, initializer } });
}

function node(op: string, inputs: string[], output: string, attributes = {}): GraphNode {
  return { op, domain: '', inputs, outputs: [output], attributes };
}

const int = (name: string, values: number[]) =>
  ({ name, type: 'int64', dims: [values.length], values }) as const;

/** The number of logits that are wanted, counted from the end; 0 for all. */
export function keepsLogits({ graph, ...rest }: Exported): Exported {
  const nodes = [
    node('Neg', ['num_logits_to_keep'], 'kept'),
    node('Reshape', ['kept', 'one'], 'logits_from'),
    ...graph.nodes,
  ];
  const constants = graph.constants.filter(({ name }) => name !== 'logits_from');
  const inputs: GraphPort[] = [
    ...graph.inputs,
    { name: 'num_logits_to_keep', type: 'int64', dims: [] },
  ];
  return {
    ...rest,
    graph: { ...graph, inputs, nodes, constants: [...constants, int('one', [1])] },
  };
}

/** Positions counted by the graph, padding and all. */
export function countsPositions({ graph, ...rest }: Exported): Exported {
  const nodes = [
    node('Shape', ['input_ids'], 'ids.shape'),
    node('Shape', ['input_ids'], 'ids.length', { start: 1, end: 2 }),
    node('Shape', ['attention_mask'], 'mask.length', { start: 1, end: 2 }),
    node('Sub', ['mask.length', 'ids.length'], 'past.length'),
    node('Squeeze', ['past.length'], 'first'),
    node('Squeeze', ['mask.length'], 'end'),
    node('Squeeze', ['one'], 'step'),
    node('Range', ['first', 'end', 'step'], 'range'),
    node('Expand', ['range', 'ids.shape'], 'position_ids'),
    ...graph.nodes,
  ];
  const inputs = graph.inputs.filter(({ name }) => name !== 'position_ids');
  return {
    ...rest,
    graph: { ...graph, inputs, nodes, constants: [...graph.constants, int('one', [1])] },
  };
}

const FLOAT16 = 10;

interface PortMessage {
  readonly name: string;
  readonly type: { readonly tensorType: { readonly elemType: number; readonly shape: object } };
}

/** Keys, values and logits in half precision. */
export function inHalf(message: Message): Message {
  const { graph } = message;
  const isFloat = ({ type }: PortMessage) => type.tensorType.elemType === 1;
  const half = (port: PortMessage): PortMessage =>
    isFloat(port)
      ? { ...port, type: { tensorType: { ...port.type.tensorType, elemType: FLOAT16 } } }
      : port;
  const cast = (from: string, to: string, type: number) => ({
    opType: 'Cast',
    input: [from],
    output: [to],
    attribute: [{ name: 'to', i: type, type: 2 }],
  });
  const inner = (name: string) => `${name}:float32`;
  const floats = [...graph.input, ...graph.output].filter(isFloat).map(({ name }) => name);
  const renamed = (names: readonly string[]) =>
    names.map((name) => (floats.includes(name) ? inner(name) : name));
  const casts = (graph.input as PortMessage[])
    .filter(isFloat)
    .map(({ name }) => cast(name, inner(name), 1));
  const nodes = graph.node.map((each) => ({
    ...each,
    input: renamed(each.input),
    output: renamed(each.output),
  }));
  const ends = (graph.output as PortMessage[])
    .filter(isFloat)
    .map(({ name }) => cast(inner(name), name, FLOAT16));
  return {
    ...message,
    graph: {
      ...graph,
      node: [...casts, ...nodes, ...ends] as typeof graph.node,
      input: graph.input.map(half) as typeof graph.input,
      output: graph.output.map(half) as typeof graph.output,
    },
  };
}

/**
 * Two graphs in one, of which `use_cache_branch` chooses. With a cache, keys and values of the source
 * are not given back: there is something empty in their place.
 */
export function merged({ graph, weights }: Exported): Uint8Array {
  const empty = { name: 'empty', type: 'float32', dims: [0, 1, 1, 1], values: [] } as const;
  const hasFlag = graph.inputs.some(({ name }) => name === 'use_cache_branch');
  const flag: GraphPort = { name: 'use_cache_branch', type: 'bool', dims: [1] };
  const { graph: message, ...model } = modelMessage({
    ...graph,
    inputs: hasFlag ? graph.inputs : [...graph.inputs, flag],
    nodes: [],
    constants: [...graph.constants, empty],
  });
  const whole = { ...message, initializer: [...message.initializer, ...weights] };
  const outputs = graph.outputs.map(({ name }) => name);
  const choice = field(1, [
    field(1, text(flag.name)),
    ...outputs.map((name) => field(2, text(name))),
    field(4, text('If')),
    field(5, branch('then_branch', graph, true)),
    field(5, branch('else_branch', graph, false)),
  ]);
  // What stands in the message twice is joined by whoever reads it.
  return Buffer.concat([
    encodeMessage('ModelProto', { ...model, graph: whole }),
    field(FIELDS.graph, choice),
  ]);
}

const text = (value: string) => new TextEncoder().encode(value);

function field(id: number, content: Uint8Array | readonly Uint8Array[]): Uint8Array {
  const bytes = content instanceof Uint8Array ? content : Buffer.concat(content);
  return Buffer.concat([fieldHead(id, bytes.length), bytes]);
}

/** An AttributeProto: name 1, graph 6, type 20 (of which 5 is a graph). */
function branch(name: string, graph: Graph, isCached: boolean): Uint8Array {
  const inner = (value: string) => `${name}:${value}`;
  const outputs = new Set(graph.outputs.map((port) => port.name));
  const renamed = (values: readonly string[]) =>
    values.map((value) => (outputs.has(value) ? inner(value) : value));
  const isDropped = (value: string) => isCached && value.includes('.encoder.');
  const kept = graph.nodes.map((each) => ({
    ...each,
    inputs: renamed(each.inputs),
    outputs: renamed(each.outputs).map((value) => (isDropped(value) ? `${value}:unused` : value)),
  }));
  const inputsOfDropped = kept.map((each) => ({
    ...each,
    inputs: each.inputs.map((value) =>
      isDropped(value) && value.startsWith(name) ? `${value}:unused` : value,
    ),
  }));
  const none = [...outputs]
    .filter(isDropped)
    .map((value) => node('Identity', ['empty'], inner(value)));
  const { graph: message } = modelMessage({
    ...graph,
    inputs: [],
    outputs: graph.outputs.map((port) => ({
      ...port,
      name: inner(port.name),
      dims: port.dims.map((_, i) => `${name}.${i}`),
    })),
    nodes: [...inputsOfDropped, ...none],
    constants: [],
  });
  const type = Uint8Array.of(((20 << 3) & 0x7f) | 0x80, (20 << 3) >> 7, 5);
  return Buffer.concat([
    field(1, text(name)),
    field(6, encodeMessage('GraphProto', message)),
    type,
  ]);
}
