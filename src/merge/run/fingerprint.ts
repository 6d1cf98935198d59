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

/** SHA-256 of a value's JSON, in which maps of rows, which many tasks share, stand as their own. */
function digest(value: unknown, known = new Map<object, string>()): string {
  const text = JSON.stringify(value, (key, part: unknown) => {
    if (part instanceof Int32Array) return sha256(part);
    if (key !== 'map' || typeof part !== 'object' || part === null) return part;
    const hash = known.get(part) ?? digest({ ...part }, known);
    known.set(part, hash);
    return hash;
  });
  return sha256(text);
}

function sha256(data: string | Int32Array): string {
  return createHash('sha256').update(data).digest('hex');
}
