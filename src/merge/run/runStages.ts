/** Carries out planned stages one after the other, and puts the last one's result in its place. */

import { rm } from 'node:fs/promises';
import { openCheckpoint } from '../../checkpoint/open.ts';
import { FusionError } from '../../errors.ts';
import type { InputSummary, MergeOptions, MergeReport } from '../merge.ts';
import { type LoadedModel, loadedModel } from '../plan/loadedModel.ts';
import { type FilePlan, planFiles } from '../plan/planFiles.ts';
import { packageVersion } from '../version.ts';
import { fingerprintOf } from './fingerprint.ts';
import { summarizeInputs } from './hashInputs.ts';
import { holdLock } from './lock.ts';
import { createFolder, isThere, publish } from './outputFolder.ts';
import { type PlannedStage, type PlannedStages, planStage } from './planStages.ts';
import { outputOf, runPlan } from './runPlan.ts';

export async function runStages(
  planned: PlannedStages,
  options: MergeOptions,
): Promise<MergeReport> {
  const { output } = planned;
  const existed = await isThere(output.partial);
  await createFolder(output.partial);
  const release = holdLock(output.partial);
  try {
    const run = await runAll(planned, options);
    await publish(output, outputOf(run.last.folder), { sync: options.noSync !== true });
    return {
      out: output.out,
      stages: run.stages.map(({ summary }) => summary),
      resumed: run.resumed,
      warnings: [...planned.warnings, ...startWarnings(existed, run.resumed)],
    };
  } catch (error) {
    if (error instanceof FusionError && error.code === 'bad_input') {
      await rm(output.partial, { recursive: true, force: true });
    }
    throw error;
  } finally {
    release();
  }
}

function startWarnings(existed: boolean, resumed: boolean): string[] {
  if (!existed || resumed) return [];
  return ['the remains of an earlier merge did not fit this one, so it was started anew'];
}

async function runAll(planned: PlannedStages, options: MergeOptions) {
  const finished = new Map<string, LoadedModel>();
  const stages: PlannedStage[] = [];
  let resumed = false;
  for (const stage of planned.stages) {
    const ready =
      finished.size === 0
        ? stage
        : await planStage(stage.recipe, stage.folder, planned.file, finished, options);
    resumed = (await runStage(ready, planned, options)) || resumed;
    stages.push(ready);
    const { name } = stage.recipe;
    if (name === undefined) continue;
    const checkpoint = await openCheckpoint(outputOf(stage.folder), name);
    finished.set(name, loadedModel(name, checkpoint));
  }
  return { stages, resumed, last: stages.at(-1)! };
}

/** Returns whether remains of an earlier run were used. */
async function runStage(
  stage: PlannedStage,
  planned: PlannedStages,
  options: MergeOptions,
): Promise<boolean> {
  const fingerprint = fingerprintOf(stage, planned, options);
  const { recipe, plan, summary } = stage;
  return runPlan(plan, await filesWithHashes(stage, planned, options), {
    folder: stage.folder,
    fingerprint,
    threads: summary.threads,
    sync: options.noSync !== true,
    ...(options.signal ? { signal: options.signal } : {}),
    onProgress(progress) {
      options.onProgress?.({
        ...(recipe.name === undefined ? {} : { stage: recipe.name }),
        ...progress,
      });
    },
  });
}

async function filesWithHashes(
  { plan, files, recipe }: PlannedStage,
  planned: PlannedStages,
  options: MergeOptions,
): Promise<FilePlan> {
  if (options.hash !== true) return files;
  const inputs: InputSummary[] = await summarizeInputs(plan.models, {
    hash: true,
    ...(options.signal ? { signal: options.signal } : {}),
    onProgress(doneBytes, totalBytes) {
      options.onProgress?.({
        ...(recipe.name === undefined ? {} : { stage: recipe.name }),
        phase: 'hash',
        doneBytes,
        totalBytes,
        bytesRead: doneBytes,
        bytesWritten: 0,
      });
    },
  });
  return planFiles({
    plan,
    recipeText: planned.file.text,
    portable: planned.file.portable,
    inputs,
    seed: options.seed ?? 0,
    version: packageVersion(),
  });
}
