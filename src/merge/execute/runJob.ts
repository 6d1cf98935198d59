/**
 * Runs all tasks of a job, on worker threads or (threads: 0) in this one. Threads pull tasks in
 * order. Whoever runs a task and in which order changes no byte of the result.
 */

import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { FusionError } from '../../errors.ts';
import { packageFile } from '../../io/packageFile.ts';
import { loadKernelModule } from '../../kernel/load.ts';
import { createTaskContext, createThreadMemories } from './context.ts';
import { type Control, createControl } from './control.ts';
import { arenaBytesOf, runTask } from './runTask.ts';
import type { Job } from './task.ts';
import { openTaskFiles } from './taskFiles.ts';
import type { WorkerData, WorkerReply, WorkerRequest } from './worker.ts';

export interface RunJobOptions {
  /** Worker threads; 0 runs the tasks in the calling thread. */
  readonly threads: number;
  /** Numbers of the tasks that are still to be done, in order. */
  readonly pending: readonly number[];
  readonly onTaskDone: (task: number) => void;
  readonly signal?: AbortSignal;
  readonly control?: Control;
}

export async function runJob(job: Job, options: RunJobOptions): Promise<void> {
  const control = options.control ?? createControl();
  const stop = () => control.stop();
  throwIfAborted(options.signal);
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    if (options.threads === 0) await runInline(job, options, control);
    else await runOnWorkers(job, options, control);
    throwIfAborted(options.signal);
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new FusionError('aborted', 'the merge was stopped');
}

function largestArena(job: Job, pending: readonly number[]): number {
  return pending.reduce((most, task) => Math.max(most, arenaBytesOf(job.tasks[task]!)), 0);
}

async function runInline(job: Job, options: RunJobOptions, control: Control): Promise<void> {
  const arenaBytes = largestArena(job, options.pending);
  const [thread] = createThreadMemories(loadKernelModule(), arenaBytes, 1);
  const files = openTaskFiles(job);
  try {
    const context = createTaskContext(thread!, files, control);
    for (const task of options.pending) {
      runTask(job.tasks[task]!, context);
      options.onTaskDone(task);
      await setImmediate();
    }
  } finally {
    files.close();
  }
}

async function runOnWorkers(job: Job, options: RunJobOptions, control: Control): Promise<void> {
  const threads = Math.min(options.threads, Math.max(1, options.pending.length));
  const arenaBytes = largestArena(job, options.pending);
  const memories = createThreadMemories(loadKernelModule(), arenaBytes, threads);
  const queue = options.pending.values();
  const outcomes = await Promise.allSettled(
    memories.map((thread) => {
      const data: WorkerData = { job, thread, control: control.shared };
      return driveWorker(data, queue, options, control);
    }),
  );
  throwFirstCause(outcomes);
}

/** One failure stops all workers; what the others then report is only that they were stopped. */
function throwFirstCause(outcomes: readonly PromiseSettledResult<void>[]): void {
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  );
  const cause = failures.find((failure) => failure.code !== 'aborted') ?? failures[0];
  if (cause) throw cause;
}

/** An error in an event's handler would end the process. */
function attempt(action: () => void, onError: (error: unknown) => void): void {
  try {
    action();
  } catch (error) {
    onError(error);
  }
}

/** Feeds one worker until the queue is empty or something fails. */
function driveWorker(
  data: WorkerData,
  queue: Iterator<number>,
  options: RunJobOptions,
  control: Control,
): Promise<void> {
  const worker = new Worker(packageFile('dist/worker.js'), {
    workerData: data,
    // Flags meant for the program itself (--input-type, --eval) would stop a worker from starting.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  return new Promise((resolve, reject) => {
    let failure: { readonly error: unknown } | undefined;
    const send = (request: WorkerRequest) => worker.postMessage(request);
    const next = () => {
      const { value, done } = control.isStopped() ? { value: 0, done: true } : queue.next();
      send(done ? { end: true } : { task: value });
    };
    const fail = (error: unknown) => {
      failure ??= { error };
      control.stop();
    };
    worker.on('message', (reply: WorkerReply) => {
      if ('failed' in reply) fail(new FusionError(reply.failed.code, reply.failed.message));
      else attempt(() => options.onTaskDone(reply.done), fail);
      next();
    });
    worker.on('error', (cause) => {
      fail(new FusionError('internal', `a worker failed: ${cause.message}`, { cause }));
    });
    worker.on('exit', () => (failure ? reject(failure.error) : resolve()));
    next();
  });
}
