/**
 * An engine on a thread of its own. A session's run holds up its thread, so models that are to work
 * side by side, and callers that are to go on meanwhile, need this. Small ones: localEngine.ts.
 */

import { Worker } from 'node:worker_threads';
import { FusionError, type FusionErrorCode } from '../../errors.ts';
import { packageFile } from '../../io/packageFile.ts';
import type { NextTokens } from './distributions.ts';
import type { Engine, EngineFacts } from './engine.ts';
import { closedError, type EngineSource } from './engineSource.ts';

export type EngineCall = Exclude<keyof Engine, 'facts'>;

export interface EngineRequest {
  readonly id: number;
  readonly call: EngineCall;
  readonly args: readonly unknown[];
}

/** Number 0 is the answer to opening. */
export type EngineReply =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number;
      readonly failed: { readonly code: FusionErrorCode; readonly message: string };
    };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export async function startEngine(source: EngineSource): Promise<Engine> {
  const worker = new Worker(packageFile('dist/engineWorker.js'), {
    workerData: source,
    execArgv: [],
  });
  const waiting = new Map<number, Waiting>();
  let requests = 0;
  let ended: Error | undefined;
  const expect = (id: number) =>
    new Promise<unknown>((resolve, reject) => void waiting.set(id, { resolve, reject }));
  const end = (error: Error) => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  worker.on('message', (reply: EngineReply) => {
    settle(waiting.get(reply.id), reply);
    waiting.delete(reply.id);
  });
  worker.on('error', (cause) => {
    end(
      new FusionError('internal', `the thread of ${source.reference} failed: ${cause.message}`, {
        cause,
      }),
    );
  });
  const exited = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      end(closedError(source));
      resolve();
    });
  });
  const send = (name: EngineCall, ...args: readonly unknown[]) => {
    const id = ++requests;
    worker.postMessage({ id, call: name, args } satisfies EngineRequest);
    return id;
  };
  const call = (name: EngineCall, ...args: readonly unknown[]) =>
    ended ? Promise.reject(ended) : expect(send(name, ...args));
  const facts = (await expect(0).catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  })) as EngineFacts;
  return {
    facts,
    classify: (rows) => call('classify', rows) as Promise<Float32Array>,
    embed: (rows) => call('embed', rows) as Promise<Float32Array>,
    start: (stream, inputs) => call('start', stream, inputs) as Promise<NextTokens>,
    advance: (stream, parents, tokens) =>
      call('advance', stream, parents, tokens) as Promise<NextTokens>,
    fork: (stream, copy) => call('fork', stream, copy) as Promise<void>,
    // Nobody waits for it, so it must not fail when the thread ends first.
    async end(stream) {
      if (!ended) send('end', stream);
    },
    grow: (branches, forgotten) => call('grow', branches, forgotten) as Promise<Float32Array>,
    async forget(nodes) {
      if (!ended) send('forget', nodes);
    },
    score: (rows, sources) => call('score', rows, sources) as Promise<Float64Array[]>,
    async close() {
      if (ended) return exited;
      send('close');
      end(closedError(source));
      return exited;
    },
  };
}

function settle(waiting: Waiting | undefined, reply: EngineReply): void {
  if (!waiting) return;
  if ('failed' in reply) waiting.reject(new FusionError(reply.failed.code, reply.failed.message));
  else waiting.resolve(reply.value);
}
