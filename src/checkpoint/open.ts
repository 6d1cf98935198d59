/**
 * Opens a checkpoint: finds its weight files, reads their headers, and checks that they fit
 * together. Reads no tensor data.
 *
 * In a folder the first of these counts, as in transformers: model.safetensors, its index,
 * pytorch_model.bin, its index; then any other files of one format, safetensors first.
 */

import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { badInput } from '../errors.ts';
import { isExistingFile, statIfExists } from '../io/existing.ts';
import { withFileSource } from '../io/fileSource.ts';
import type { Checkpoint, TensorEntry, WeightFile, WeightFileContents } from './checkpoint.ts';
import { formatOf, WEIGHT_FORMATS, type WeightFormat } from './formats.ts';
import { listOtherFiles } from './otherFiles.ts';
import {
  checkShardsAgainstIndex,
  parseShardIndex,
  shardNames,
  type WeightMap,
} from './shardIndex.ts';
import { readJsonObject, readText } from './textFile.ts';

/** The weight files of a folder, and the index that names them, if one does. */
interface WeightFiles {
  readonly format: WeightFormat;
  readonly names: readonly string[];
  readonly index?: { readonly path: string; readonly weightMap: WeightMap };
}

/** A file that has been read. */
interface ReadFile {
  readonly file: WeightFile;
  readonly contents: WeightFileContents;
}

/**
 * @param path a folder or a single weight file
 * @param reference what the user calls it
 */
export async function openCheckpoint(path: string, reference: string): Promise<Checkpoint> {
  const absolute = resolve(path);
  const found = await statIfExists(absolute);
  if (found === undefined) throw badInput(`${absolute}: does not exist`);
  return found.isDirectory() ? openFolder(absolute, reference) : openFile(absolute, reference);
}

async function openFile(path: string, reference: string): Promise<Checkpoint> {
  const name = basename(path);
  if (name.endsWith('.index.json')) throw badInput(`${path}: is an index; name its folder instead`);
  const format = formatOf(name);
  if (format === undefined) throw badInput(`${path}: is no weight file of a known format`);
  const read = await readWeightFile(format, path, name);
  return {
    reference,
    path,
    files: [read.file],
    tensors: joinTensors([read], path),
    config: undefined,
    otherFiles: [],
  };
}

async function openFolder(folder: string, reference: string): Promise<Checkpoint> {
  const topLevel = await listNames(folder);
  const { format, names, index } = await findWeightFiles(folder, topLevel);
  const reads: ReadFile[] = [];
  for (const name of names) reads.push(await readWeightFile(format, join(folder, name), name));
  const tensors = joinTensors(reads, folder);
  if (index) {
    const shards = new Map(reads.map(({ file, contents }) => [file.name, contents]));
    checkShardsAgainstIndex(index.weightMap, shards, index.path);
  }
  const hasConfig = topLevel.includes('config.json');
  return {
    reference,
    path: folder,
    files: reads.map(({ file }) => file),
    tensors,
    config: hasConfig ? await readJsonObject(join(folder, 'config.json')) : undefined,
    otherFiles: await listOtherFiles(folder),
  };
}

async function findWeightFiles(folder: string, topLevel: readonly string[]): Promise<WeightFiles> {
  for (const format of WEIGHT_FORMATS) {
    if (topLevel.includes(format.singleFile)) return { format, names: [format.singleFile] };
    if (topLevel.includes(format.indexFile)) return readIndex(folder, format);
  }
  for (const format of WEIGHT_FORMATS) {
    const names = topLevel.filter((name) => format.isWeightFile(name) && !isAdapterFile(name));
    if (names.length > 0) {
      checkNumbering(names, folder);
      return { format, names };
    }
  }
  if (topLevel.some(isAdapterFile)) {
    throw badInput(`${folder}: holds an adapter without its model; adapters are not supported yet`);
  }
  const known = WEIGHT_FORMATS.map(({ name }) => name).join(', ');
  throw badInput(`${folder}: holds no weight file of a known format (${known})`);
}

async function readIndex(folder: string, format: WeightFormat): Promise<WeightFiles> {
  const path = join(folder, format.indexFile);
  const weightMap = parseShardIndex(await readText(path), path);
  const names = shardNames(weightMap);
  for (const name of names) {
    if (!format.isWeightFile(name)) {
      throw badInput(`${path}: names ${JSON.stringify(name)}, which is no ${format.name} file`);
    }
    if (!(await isExistingFile(join(folder, name)))) {
      throw badInput(`${path}: names the shard ${JSON.stringify(name)}, which does not exist`);
    }
  }
  return { format, names, index: { path, weightMap } };
}

/** Shards without an index still tell by their names how many there should be. */
function checkNumbering(names: readonly string[], folder: string): void {
  const present = new Set(names);
  for (const name of names) {
    const [, before, count, after] = /^(.*-)\d{5}-of-(\d{5})(\..*)$/.exec(name) ?? [];
    for (let number = 1; number <= Number(count ?? 0); number++) {
      const wanted = `${before}${String(number).padStart(5, '0')}-of-${count}${after}`;
      if (!present.has(wanted)) throw badInput(`${folder}: the shard ${wanted} is missing`);
    }
  }
}

function isAdapterFile(name: string): boolean {
  return name.startsWith('adapter_model.');
}

async function readWeightFile(format: WeightFormat, path: string, name: string): Promise<ReadFile> {
  return withFileSource(path, async (source) => {
    const contents = await format.read(source);
    const { byteLength, modifiedMs } = source;
    const { headerSha256 } = contents;
    return { file: { name, path, byteLength, modifiedMs, headerSha256 }, contents };
  });
}

function joinTensors(reads: readonly ReadFile[], subject: string): Map<string, TensorEntry> {
  const tensors = new Map<string, TensorEntry>();
  for (const [file, { contents }] of reads.entries()) {
    for (const tensor of contents.tensors) {
      const other = tensors.get(tensor.name);
      if (other) {
        const [first, second] = [reads[other.file]?.file.name, reads[file]?.file.name];
        throw badInput(
          `${subject}: tensor ${JSON.stringify(tensor.name)} is both in ${first} and in ${second}`,
        );
      }
      tensors.set(tensor.name, { ...tensor, file });
    }
  }
  return tensors;
}

async function listNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    throw badInput(`${folder}: cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
}
