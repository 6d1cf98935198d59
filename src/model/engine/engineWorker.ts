/** A thread that holds a running model and answers for it. Node only. */

import { parentPort, workerData } from 'node:worker_threads';
import { type EngineSource, engineFrom, failureOf } from './engineSource.ts';
import type { EngineReply, EngineRequest } from './remoteEngine.ts';

const opening = engineFrom(workerData as EngineSource);
opening.then(
  ({ facts }) => reply({ id: 0, value: facts }),
  (error) => replyFailure(0, error),
);

/** One after the other: a session runs one batch at a time. */
let last: Promise<unknown> = opening.catch(() => {});
parentPort?.on('message', ({ id, call, args }: EngineRequest) => {
  last = last.then(async () => {
    try {
      const engine = await opening;
      const method = engine[call] as (...args: readonly unknown[]) => Promise<unknown>;
      reply({ id, value: await method(...args) });
    } catch (error) {
      replyFailure(id, error);
    }
    if (call === 'close') parentPort?.close();
  });
});

function reply(message: EngineReply): void {
  parentPort?.postMessage(message);
}

function replyFailure(id: number, error: unknown): void {
  const { code, message } = failureOf(error);
  reply({ id, failed: { code, message } });
}
