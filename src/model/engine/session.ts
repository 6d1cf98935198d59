/**
 * A graph that runs: onnxruntime over a graph and its weights. The runtime itself is handed in, since
 * Node and the browser have one each.
 */

import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-common';
import type { Graph } from '../graph/graph.ts';
import { serializeGraph } from '../graph/serialize.ts';

/** What both builds of onnxruntime offer. */
export interface Runtime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

export interface SessionOptions {
  readonly threads: number;
}

export async function createSession(
  runtime: Runtime,
  graph: Graph,
  weights: ReadonlyMap<string, Float32Array>,
  { threads }: SessionOptions,
): Promise<InferenceSession> {
  const bytesOf = (name: string) => {
    const { buffer, byteOffset, byteLength } = weights.get(name)!;
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  };
  const model = serializeGraph(graph, (name) => ({
    location: name,
    byteOffset: 0,
    byteLength: bytesOf(name).byteLength,
  }));
  return runtime.InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    externalData: graph.weights.map(({ name }) => ({ path: name, data: bytesOf(name) })),
  });
}

export type Feeds = Record<string, Tensor>;
