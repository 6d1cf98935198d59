/** A worker thread: takes task numbers, runs the tasks, and says when each is done. */

import { parentPort, workerData } from 'node:worker_threads';
import { FusionError } from '../../errors.ts';
import { createTaskContext, type ThreadMemory } from './context.ts';
import { createControl } from './control.ts';
import { runTask } from './runTask.ts';
import type { Job } from './task.ts';
import { openTaskFiles } from './taskFiles.ts';

export interface WorkerData {
  readonly job: Job;
  readonly thread: ThreadMemory;
  readonly control: SharedArrayBuffer;
}

export type WorkerRequest = { readonly task: number } | { readonly end: true };

export type WorkerReply =
  | { readonly done: number }
  | { readonly failed: { readonly code: FusionError['code']; readonly message: string } };

function serve({ job, thread, control }: WorkerData): void {
  const files = openTaskFiles(job);
  const context = createTaskContext(thread, files, createControl(control));
  parentPort?.on('message', (request: WorkerRequest) => {
    if ('end' in request) {
      files.close();
      parentPort?.close();
      return;
    }
    parentPort?.postMessage(answer(() => runTask(job.tasks[request.task]!, context), request.task));
  });
}

function answer(run: () => void, task: number): WorkerReply {
  try {
    run();
    return { done: task };
  } catch (error) {
    if (error instanceof FusionError) {
      return { failed: { code: error.code, message: error.message } };
    }
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { failed: { code: 'internal', message } };
  }
}

serve(workerData as WorkerData);
