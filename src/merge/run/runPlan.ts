/** Carries out one plan in a work folder: weights by the tasks, then all other files. */

import { chmod, copyFile, mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FusionError } from '../../errors.ts';
import { withFileSource } from '../../io/fileSource.ts';
import { createControl } from '../execute/control.ts';
import { runJob } from '../execute/runJob.ts';
import { type Job, outputBytesOf } from '../execute/task.ts';
import type { FilePlan } from '../plan/planFiles.ts';
import type { MergePlan } from '../plan/planMerge.ts';
import { type BackgroundSync, NO_SYNC, startBackgroundSync } from './backgroundSync.ts';
import { continueJournal, createJournal, type Journal, readJournal } from './journal.ts';
import { createFolder, explained } from './outputFolder.ts';

export interface StageProgress {
  readonly phase: 'merge' | 'sync' | 'finish';
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export interface RunPlanOptions {
  /** Where the journal is and, in `output/`, the result. */
  readonly folder: string;
  readonly fingerprint: string;
  readonly threads: number;
  readonly sync: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: StageProgress) => void;
}

const PROGRESS_MS = 100;
/** Copies of read-only files (as the Hub's cache has) are writable. */
const PLAIN_FILE_MODE = 0o644;

export function outputOf(folder: string): string {
  return join(folder, 'output');
}

const journalOf = (folder: string) => join(folder, 'journal.jsonl');

/** Returns whether remains of an earlier run were used. */
export async function runPlan(
  plan: MergePlan,
  files: FilePlan,
  options: RunPlanOptions,
): Promise<boolean> {
  const output = outputOf(options.folder);
  const { journal, resumed } = await openWork(plan, options);
  const job: Job = {
    inputFiles: plan.inputFiles,
    outputFiles: plan.shards.map((shard) => ({
      path: join(output, shard.name),
      byteLength: shard.byteLength,
    })),
    tasks: plan.tasks,
  };
  try {
    await runTasks(job, journal, options);
    await writeFiles(output, files, options.sync);
    return resumed;
  } finally {
    journal.close();
  }
}

interface OpenedWork {
  readonly journal: Journal;
  /** Whether it holds remains of an earlier run. */
  readonly resumed: boolean;
}

/** Opens the work folder: the remains of the same merge, or a new one. */
async function openWork(plan: MergePlan, options: RunPlanOptions): Promise<OpenedWork> {
  const { folder, fingerprint } = options;
  const done = readJournal(journalOf(folder), fingerprint);
  if (done && (await hasShards(plan, folder))) {
    return { journal: continueJournal(journalOf(folder), done), resumed: true };
  }
  await rm(folder, { recursive: true, force: true });
  await createFolder(outputOf(folder));
  for (const shard of plan.shards) await createShard(join(outputOf(folder), shard.name), shard);
  return { journal: createJournal(journalOf(folder), fingerprint), resumed: false };
}

async function hasShards(plan: MergePlan, folder: string): Promise<boolean> {
  for (const shard of plan.shards) {
    const found = await stat(join(outputOf(folder), shard.name)).catch(() => undefined);
    if (found?.size !== shard.byteLength) return false;
  }
  return true;
}

async function createShard(
  path: string,
  { header, byteLength }: MergePlan['shards'][number],
): Promise<void> {
  await explained(path, async () => {
    const handle = await open(path, 'wx');
    try {
      await handle.truncate(byteLength);
      await handle.write(header, 0, header.byteLength, 0);
    } finally {
      await handle.close();
    }
  });
}

async function runTasks(job: Job, journal: Journal, options: RunPlanOptions): Promise<void> {
  const pending = job.tasks.flatMap((_, task) => (journal.done.has(task) ? [] : [task]));
  const progress = progressOf(job, journal, options);
  const sync = await startSync(job, options, () => progress.file());
  try {
    await runJob(job, {
      threads: options.threads,
      pending,
      control: progress.control,
      ...(options.signal ? { signal: options.signal } : {}),
      onTaskDone(task) {
        journal.markDone(task);
        progress.done(task);
        sync.touched(job.tasks[task]!.output.file);
      },
    });
    if (progress.failure() !== undefined) throw progress.failure();
  } catch (error) {
    await sync.abandon();
    throw progress.failure() ?? error;
  } finally {
    progress.end();
  }
  progress.report('sync');
  await sync.finish();
  progress.report('finish');
}

function startSync(
  job: Job,
  options: RunPlanOptions,
  currentFile: () => number | undefined,
): Promise<BackgroundSync> {
  if (!options.sync) return Promise.resolve(NO_SYNC);
  return startBackgroundSync(
    job.outputFiles.map(({ path }) => path),
    currentFile,
  );
}

/** Counts bytes, and reports them at intervals. */
function progressOf(job: Job, journal: Journal, options: RunPlanOptions) {
  const control = createControl();
  const totalBytes = job.outputFiles.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const earlier = [...journal.done].reduce((sum, task) => sum + sizeOf(job, task), 0);
  let lastFile: number | undefined = job.tasks[0]?.output.file;
  const report = (phase: StageProgress['phase']) => {
    const bytesWritten = control.bytesWritten();
    options.onProgress?.({
      phase,
      doneBytes: Math.min(totalBytes, earlier + bytesWritten),
      totalBytes,
      bytesRead: control.bytesRead(),
      bytesWritten,
    });
  };
  // A listener that throws in a timer would end the process instead of the merge.
  let failure: unknown;
  const timer = setInterval(() => {
    try {
      report('merge');
    } catch (error) {
      failure ??= error;
      control.stop();
    }
  }, PROGRESS_MS);
  return {
    control,
    report,
    failure: () => failure,
    file: () => lastFile,
    done(task: number) {
      lastFile = job.tasks[task]?.output.file;
    },
    end: () => clearInterval(timer),
  };
}

function sizeOf(job: Job, index: number): number {
  const task = job.tasks[index];
  if (task) return outputBytesOf(task);
  throw new FusionError('internal', `the journal names task ${index}, which is not there`);
}

async function writeFiles(output: string, { copies, files }: FilePlan, sync: boolean) {
  for (const { name, from } of copies) {
    const path = join(output, name);
    // What is wrong with the original is said of the original.
    await withFileSource(from, async () => {
      await explained(path, () => copyOver(from, path, sync));
    });
  }
  for (const { name, content } of files) {
    const path = join(output, name);
    await explained(path, () => writeWhole(path, content, sync));
  }
}

async function copyOver(from: string, path: string, sync: boolean): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  await copyFile(from, path);
  await chmod(path, PLAIN_FILE_MODE);
  if (sync) await syncPath(path);
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeWhole(path: string, content: string, sync: boolean): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(content);
    if (sync) await handle.sync();
  } finally {
    await handle.close();
  }
}
