// Data sets and models of the results; both are test data that the package does not carry.

import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { openCheckpointModel } from '../../dist/model/checkpointModel.js';
import { readRecords } from '../../dist/task/data/readRecords.js';

const SHARED = join(import.meta.dirname, '../../../shared');

export function assertShared() {
  if (existsSync(join(SHARED, 'models'))) return;
  throw new Error('the models and data sets of the results are not here (../shared)');
}

export function records(file, required, most = Number.POSITIVE_INFINITY) {
  const path = join(SHARED, 'data', file);
  const input = { name: file, bytes: createReadStream(path) };
  return readRecords(input, { required }).then((all) => all.slice(0, most));
}

/** Opens models, hands them to `use`, and closes them. */
export async function withModels(names, use) {
  const models = [];
  try {
    for (const name of names) {
      models.push(await openCheckpointModel(join(SHARED, 'models', name), name));
    }
    return await use(models);
  } finally {
    await Promise.all(models.map((model) => model.close()));
  }
}

/** What was trained to read so many tokens. */
export const TRAINED_LENGTH = 48;
