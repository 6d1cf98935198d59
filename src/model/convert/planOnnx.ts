/** What a conversion writes, known before any tensor is read: files, their graphs and their sizes. */

import type { Checkpoint, JsonObject } from '../../checkpoint/checkpoint.ts';
import { buildGraphs, type Part } from '../engine/checkpointGraphs.ts';
import type { WeightReader } from '../engine/weightReader.ts';
import type { Graph } from '../graph/graph.ts';
import { exportedGraph } from './exportedGraph.ts';
import { type QuantizedGraph, quantizedGraph } from './quantizedGraph.ts';
import { byteLengthOf, type TensorGroup, tensorGroups } from './tensorGroups.ts';

export interface OnnxFile {
  /** In the folder `onnx`. */
  readonly name: string;
  readonly graph: Graph;
  readonly groups: readonly TensorGroup[];
  readonly byteLength: number;
  /** Whether its weights are in a file of their own. */
  readonly isExternal: boolean;
}

export interface PlanOptions {
  readonly quantize?: 'int8' | undefined;
  /** Weights of more bytes than this are in a file of their own. */
  readonly mostInside: number;
}

/** Names that transformers.js has for them. */
const NAMES: Readonly<Record<Part, string>> = {
  whole: 'model',
  encoder: 'encoder_model',
  decoder: 'decoder_model_merged',
};

export function planOnnxFiles(
  checkpoint: Checkpoint,
  read: WeightReader['read'],
  { quantize, mostInside }: PlanOptions,
): OnnxFile[] {
  const file = (name: string, graph: QuantizedGraph): OnnxFile => {
    const groups = tensorGroups(graph, read);
    const byteLength = byteLengthOf(groups);
    return { name, graph: graph.graph, groups, byteLength, isExternal: byteLength > mostInside };
  };
  return buildGraphs(checkpoint).parts.flatMap(({ part, builder }) => {
    const graph = exportedGraph(builder.graph);
    const plain = file(`${NAMES[part]}.onnx`, { graph, quantized: [] });
    if (!quantize) return [plain];
    return [plain, file(`${NAMES[part]}_quantized.onnx`, quantizedGraph(graph))];
  });
}

/** What the original says of its own ONNX files does not hold for these. */
export function exportedConfig(config: JsonObject, files: readonly OnnxFile[]): JsonObject {
  const { 'transformers.js_config': _, ...rest } = config;
  const external = files.filter(({ isExternal }) => isExternal);
  if (external.length === 0) return rest;
  const chunks = Object.fromEntries(external.map(({ name }) => [name, 1]));
  return { ...rest, 'transformers.js_config': { use_external_data_format: chunks } };
}
