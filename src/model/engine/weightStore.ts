/**
 * Where a runtime finds the weights of graphs: in place in the checkpoint's own files, wherever they
 * lie there as plain float32, float16 or bfloat16, so that nothing is read twice or held in two forms;
 * otherwise (views, float64) in memory, converted.
 */

import { realpathSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';
import type { Checkpoint, TensorEntry } from '../../checkpoint/checkpoint.ts';
import type { Graph } from '../graph/graph.ts';
import type { StoredWeight } from '../graph/serialize.ts';
import type { WeightStore } from './session.ts';
import { storedPlace } from './storedPlace.ts';
import { openWeightReader } from './weightReader.ts';

export function storeOf(checkpoint: Checkpoint, graphs: readonly Graph[]): WeightStore {
  const names = new Set(graphs.flatMap(({ weights }) => weights.map(({ name }) => name)));
  const data = new Map<string, Uint8Array>();
  const places = new Map<string, StoredWeight>();
  const weights = openWeightReader(checkpoint);
  const { folder, locations } = locate(checkpoint);
  try {
    for (const name of names) {
      const entry = checkpoint.tensors.get(name)!;
      const place = placeInFile(entry, locations[entry.file]!);
      if (!place) data.set(name, bytesOf(weights.read(name)));
      places.set(name, place ?? memoryPlace(name, data.get(name)!.byteLength));
    }
  } finally {
    weights.close();
  }
  return { folder, data, placeOf: (name) => places.get(name)! };
}

/**
 * The runtime reads only below one folder, links followed, and those of the Hub's cache lead out of
 * the model's own: so the deepest folder that holds all files, and their places in it.
 */
function locate({ files }: Checkpoint): { folder: string; locations: string[] } {
  const paths = files.map(({ path }) => realpathSync(path));
  let folder = dirname(paths[0]!);
  while (!paths.every((path) => path.startsWith(folder.endsWith(sep) ? folder : folder + sep))) {
    folder = dirname(folder);
  }
  return { folder, locations: paths.map((path) => relative(folder, path).split(sep).join('/')) };
}

function placeInFile(entry: TensorEntry, location: string): StoredWeight | undefined {
  const place = entry.strides ? undefined : storedPlace(entry, location);
  return place?.byteLength === 0 ? undefined : place;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function memoryPlace(name: string, byteLength: number): StoredWeight {
  return { type: 'F32', location: name, byteOffset: 0, byteLength };
}
