/** Opens a checkpoint's folder as a running model, on a thread of its own. */

import { availableParallelism } from 'node:os';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { badInput } from '../errors.ts';
import { elementCountOf } from '../tensor/shape.ts';
import { startEngine } from './engine/remoteEngine.ts';
import { modelOver } from './engineModel.ts';
import { familyOf } from './graph/family/registry.ts';
import type { LanguageModel } from './languageModel.ts';
import { readModelFiles } from './modelFiles.ts';

export interface OpenOptions {
  /** Threads of one operator; by default one, or one per core for a large model. */
  readonly threads?: number;
}

/** Below so many parameters a second thread costs more than it brings, and packing costs little. */
const LARGE_PARAMETERS = 1e8;

export async function openCheckpointModel(
  path: string,
  name: string,
  options: OpenOptions = {},
): Promise<LanguageModel> {
  const checkpoint = await openCheckpoint(path, name);
  if (!checkpoint.config) {
    throw badInput(`${name}: has no config.json, which says what kind of model it is`);
  }
  familyOf(checkpoint.config, name);
  const files = await readModelFiles(checkpoint.path, name);
  const isLarge = parametersOf(checkpoint) >= LARGE_PARAMETERS;
  const engine = await startEngine({
    kind: 'checkpoint',
    path: checkpoint.path,
    reference: name,
    threads: options.threads ?? (isLarge ? availableParallelism() : 1),
    packs: !isLarge,
  });
  return modelOver(engine, files);
}

function parametersOf({ tensors }: Checkpoint): number {
  return [...tensors.values()].reduce(
    (sum, { shape, name }) => sum + elementCountOf(shape, name),
    0,
  );
}
