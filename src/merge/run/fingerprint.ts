/**
 * What must agree for a partial output to be continued: all that changes a byte of it, which is the
 * tasks and the files as they are planned, and every input's size, time and header.
 */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { MergeOptions } from '../merge.ts';
import { packageVersion } from '../version.ts';
import type { PlannedStage, PlannedStages } from './planStages.ts';

export function fingerprintOf(
  { plan, files, recipe }: PlannedStage,
  planned: PlannedStages,
  options: MergeOptions,
): string {
  const stageFolders = join(planned.output.partial, 'stages');
  // What an earlier stage made has a new time after each run, so for it the header has to do.
  const inputs = plan.models.map(({ reference, checkpoint }) => ({
    reference,
    files: checkpoint.files.map((file) => ({
      ...file,
      modifiedMs: file.path.startsWith(stageFolders) ? 0 : file.modifiedMs,
    })),
  }));
  return digest({
    version: packageVersion(),
    recipe: planned.file.text,
    name: recipe.name,
    hash: options.hash === true,
    inputs,
    files: files.files,
    copies: files.copies,
    shards: plan.shards.map(({ name, byteLength }) => ({ name, byteLength })),
    tasks: plan.tasks,
  });
}

/** SHA-256 of a value's JSON, in which long lists of rows stand as their own SHA-256. */
function digest(value: unknown): string {
  const known = new Map<Int32Array, string>();
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (!(part instanceof Int32Array)) return part;
    const hash = known.get(part) ?? createHash('sha256').update(part).digest('hex');
    known.set(part, hash);
    return hash;
  });
  return createHash('sha256').update(text).digest('hex');
}
