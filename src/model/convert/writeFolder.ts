/** What is in the folder of a conversion: the graphs, and all files of the checkpoint but its weights. */

import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Checkpoint, JsonObject } from '../../checkpoint/checkpoint.ts';
import { withFileSource } from '../../io/fileSource.ts';
import { PROVENANCE_FILE } from '../../merge/plan/provenance.ts';
import { packageVersion } from '../../merge/version.ts';
import { throwIfAborted } from '../abort.ts';
import { exportedConfig, type OnnxFile } from './planOnnx.ts';
import { type WriteControl, writeBeside, writeInside } from './writeOnnx.ts';

/** Copies of read-only files (as the Hub's cache has) are writable. */
const PLAIN_FILE_MODE = 0o644;

export interface FolderOptions {
  readonly quantize: 'int8' | undefined;
  readonly control: WriteControl;
}

export async function writeFolder(
  output: string,
  checkpoint: Checkpoint,
  files: readonly OnnxFile[],
  options: FolderOptions,
): Promise<void> {
  await mkdir(join(output, 'onnx'), { recursive: true });
  for (const { name, graph, groups, isExternal } of files) {
    const write = isExternal ? writeBeside : writeInside;
    await write(join(output, 'onnx', name), graph, groups, options.control);
  }
  await writeOtherFiles(output, checkpoint, files, options);
}

async function writeOtherFiles(
  output: string,
  checkpoint: Checkpoint,
  files: readonly OnnxFile[],
  { quantize, control }: FolderOptions,
): Promise<void> {
  const { path, otherFiles, config } = checkpoint;
  const written: Record<string, JsonObject> = {
    'config.json': exportedConfig(config!, files),
    [PROVENANCE_FILE]: provenanceOf(checkpoint, quantize),
    // transformers.js reads no text without one, be it empty.
    ...(otherFiles.includes('tokenizer_config.json') ? {} : { 'tokenizer_config.json': {} }),
  };
  const copied = otherFiles.filter((name) => !(name in written) && name !== '.gitattributes');
  for (const name of copied) {
    throwIfAborted(control.signal);
    await copyOver(join(path, name), join(output, name));
  }
  for (const [name, value] of Object.entries(written)) {
    await writeFile(join(output, name), `${JSON.stringify(value, null, 2)}\n`);
  }
}

async function copyOver(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  // What is wrong with the original is said of the original.
  await withFileSource(from, () => copyFile(from, to));
  await chmod(to, PLAIN_FILE_MODE);
}

function provenanceOf({ files }: Checkpoint, quantize: 'int8' | undefined): JsonObject {
  return {
    generator: `lmfuse ${packageVersion()}`,
    format: 'onnx',
    ...(quantize ? { quantize } : {}),
    inputs: files.map(({ name, byteLength, headerSha256 }) => ({
      name,
      size: byteLength,
      header_sha256: headerSha256,
    })),
  };
}
