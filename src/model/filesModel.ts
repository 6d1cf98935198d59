/**
 * A running model from the bytes of a checkpoint's files, with a runtime that the caller brings. This
 * is how a page opens one (onnxruntime-web); it runs where it is called, on no thread of its own.
 */

import type { Checkpoint, JsonObject, TensorEntry } from '../checkpoint/checkpoint.ts';
import { LENGTH_BYTES, parseSafetensorsHeader } from '../checkpoint/safetensors/parse.ts';
import { badInput } from '../errors.ts';
import { openEngine } from './engine/engine.ts';
import type { Runtime, WeightStore } from './engine/session.ts';
import { storedPlace } from './engine/storedPlace.ts';
import { modelOver } from './engineModel.ts';
import type { LanguageModel } from './languageModel.ts';
import { createTokenizer } from './textTokenizer.ts';

/** Bytes by the names of files: config.json, tokenizer.json, *.safetensors and the like. */
export type ModelBytes = ReadonlyMap<string, Uint8Array>;

export interface FilesModelOptions {
  readonly name: string;
  readonly runtime: Runtime;
  readonly threads?: number;
}

export async function openModelFiles(
  files: ModelBytes,
  { name, runtime, threads = 1 }: FilesModelOptions,
): Promise<LanguageModel> {
  const config = requiredJson(files, 'config.json', name);
  const tokenizerJson = requiredJson(files, 'tokenizer.json', name);
  const checkpoint = checkpointOf(files, name, config);
  const engine = await openEngine(runtime, checkpoint, {
    threads,
    packs: true,
    store: () => storeOf(checkpoint, files),
  });
  return modelOver(engine, {
    name,
    config,
    generationConfig: jsonOf(files, 'generation_config.json') ?? {},
    tokenizer: createTokenizer(tokenizerJson, jsonOf(files, 'tokenizer_config.json') ?? {}),
  });
}

function jsonOf(files: ModelBytes, name: string): JsonObject | undefined {
  const bytes = files.get(name);
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as JsonObject);
}

function requiredJson(files: ModelBytes, file: string, model: string): JsonObject {
  const found = jsonOf(files, file);
  if (found) return found;
  throw badInput(`${model}: ${file} is not among its files (${[...files.keys()].join(', ')})`);
}

function checkpointOf(files: ModelBytes, name: string, config: JsonObject): Checkpoint {
  const weights = [...files].filter(([file]) => file.endsWith('.safetensors'));
  if (weights.length === 0) throw badInput(`${name}: no .safetensors file is among its files`);
  const tensors = weights.flatMap(([file, bytes], index) =>
    headerOf(file, bytes).map((tensor): [string, TensorEntry] => [
      tensor.name,
      { ...tensor, file: index },
    ]),
  );
  return {
    reference: name,
    path: name,
    files: weights.map(([file, { byteLength }]) => ({
      name: file,
      path: file,
      byteLength,
      modifiedMs: 0,
      headerSha256: '',
    })),
    tensors: new Map(tensors),
    config,
    otherFiles: [],
  };
}

function headerOf(file: string, bytes: Uint8Array): TensorEntry[] {
  if (bytes.byteLength < LENGTH_BYTES) throw badInput(`${file}: has no header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES);
  const end = LENGTH_BYTES + Number(view.getBigUint64(0, true));
  if (end > bytes.byteLength) throw badInput(`${file}: is shorter than its header says`);
  return parseSafetensorsHeader(bytes.subarray(LENGTH_BYTES, end), bytes.byteLength - end, file)
    .tensors;
}

function storeOf(checkpoint: Checkpoint, files: ModelBytes): WeightStore {
  return {
    data: files,
    placeOf(weight) {
      const entry = checkpoint.tensors.get(weight)!;
      const place = storedPlace(entry, checkpoint.files[entry.file]!.name);
      if (place) return place;
      throw badInput(
        `tensor "${entry.name}" is ${entry.dtype}, and only F32, F16 and BF16 can be run`,
      );
    },
  };
}
