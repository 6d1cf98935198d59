/**
 * The files of a checkpoint's folder that hold no weights: what a merge copies from its base.
 *
 * The rule: every regular file (or link to one) in the folder and its subfolders, but
 * - no weights in any format (EXCLUDED_FILES), the trainer's states and the indexes of shards
 *   among them: after a merge they would be wrong, and several formats can run code when loaded;
 * - nothing in hidden folders or in folders of other runtimes and other checkpoints
 *   (EXCLUDED_FOLDERS), nor behind links to folders, which may lead anywhere, even in circles.
 */

import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput } from '../errors.ts';
import { statIfExists } from '../io/existing.ts';

const EXCLUDED_FILES: readonly RegExp[] = [
  /\.(safetensors|bin|pt|pth|ckpt|pkl|pickle)$/,
  /\.(h5|hdf5|keras|msgpack|pb|tflite|npy|npz|ot|mlmodel|nemo)$/,
  /\.(onnx|onnx_data|gguf|ggml|ggjt|engine)$/,
  /\.onnx[._]data/,
  /\.ckpt.*\.(index|meta)$|\.data-\d+-of-\d+$/,
  /\.(safetensors|bin|h5|msgpack|pt|pth)\.index(\.[^.]+)?\.json$/,
];

const EXCLUDED_FOLDERS: readonly RegExp[] = [
  /^\./,
  /^(onnx|openvino|coreml|original|gguf|runs|__pycache__)$/,
  /^checkpoint-\d+$/,
];

/** More than any published checkpoint has: whoever has more named the wrong folder. */
const MAX_FILES = 10_000;

/** Names relative to `folder`, with `/` between parts, sorted. */
export async function listOtherFiles(folder: string): Promise<string[]> {
  const names: string[] = [];
  const pending = [''];
  for (let inner = pending.pop(); inner !== undefined; inner = pending.pop()) {
    for (const entry of await readdir(join(folder, inner), { withFileTypes: true })) {
      const name = inner + entry.name;
      if (entry.isDirectory()) {
        if (!matches(EXCLUDED_FOLDERS, entry.name)) pending.push(`${name}/`);
      } else if (!matches(EXCLUDED_FILES, entry.name) && (await isFile(entry, folder, name))) {
        names.push(name);
      }
    }
    if (names.length + pending.length > MAX_FILES) {
      throw badInput(`${folder}: holds more than ${MAX_FILES} files and folders`);
    }
  }
  return names.sort();
}

async function isFile(entry: Dirent, folder: string, name: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile();
  const found = await statIfExists(join(folder, name));
  if (found) return found.isFile();
  throw badInput(`${join(folder, name)}: is a link to a file that does not exist`);
}

function matches(patterns: readonly RegExp[], name: string): boolean {
  return patterns.some((pattern) => pattern.test(name.toLowerCase()));
}
