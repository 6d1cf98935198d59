/** Opens a checkpoint's folder as a running model. */

import { availableParallelism } from 'node:os';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { badInput } from '../errors.ts';
import { elementCountOf } from '../tensor/shape.ts';
import { openPlacedEngine, type PlacementOptions } from './engine/placedEngine.ts';
import { modelOver } from './engineModel.ts';
import { familyOf } from './graph/family/registry.ts';
import type { LanguageModel } from './languageModel.ts';
import { readModelFiles } from './modelFiles.ts';

export interface OpenOptions extends PlacementOptions {
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
  const parameters = parametersOf(checkpoint);
  const isLarge = parameters >= LARGE_PARAMETERS;
  const source = {
    kind: 'checkpoint',
    path: checkpoint.path,
    reference: name,
    threads: options.threads ?? (isLarge ? availableParallelism() : 1),
    packs: !isLarge,
  } as const;
  const engine = await openPlacedEngine(source, parameters, options);
  return modelOver(engine, files);
}

function parametersOf({ tensors }: Checkpoint): number {
  return [...tensors.values()].reduce(
    (sum, { shape, name }) => sum + elementCountOf(shape, name),
    0,
  );
}
