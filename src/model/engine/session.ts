/**
 * A graph that runs: onnxruntime over a graph and its weights. The runtime itself is handed in, since
 * Node and the browser have one each.
 */

import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-common';
import type { Graph } from '../graph/graph.ts';
import { type StoredWeight, serializeGraph } from '../graph/serialize.ts';

/** What both builds of onnxruntime offer. */
export interface Runtime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

/** Where the weights are: in files below a folder, or in memory under the name of a location. */
export interface WeightStore {
  readonly folder?: string;
  readonly data: ReadonlyMap<string, Uint8Array>;
  readonly placeOf: (weight: string) => StoredWeight;
}

export interface SessionOptions {
  readonly threads: number;
  /**
   * Whether matrices are rearranged for long inputs. It makes opening slow and brings nothing to a
   * model that writes token by token.
   */
  readonly packs: boolean;
}

export async function createSession(
  runtime: Runtime,
  graph: Graph,
  store: WeightStore,
  { threads, packs }: SessionOptions,
): Promise<InferenceSession> {
  const { folder, data } = store;
  const needed = new Set(graph.weights.map(({ name }) => store.placeOf(name).location));
  const held = [...data].filter(([location]) => needed.has(location));
  return runtime.InferenceSession.create(serializeGraph(graph, store.placeOf), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    externalData: held.map(([path, bytes]) => ({ path, data: bytes })),
    extra: {
      session: {
        ...(packs ? {} : { disable_prepacking: '1' }),
        ...(folder === undefined ? {} : { model_external_initializers_file_folder_path: folder }),
      },
    },
  });
}

export type Feeds = Record<string, Tensor>;
