/** A thread that holds a running model and answers for it. Node only. */

import { parentPort, workerData } from 'node:worker_threads';
import { openCheckpoint } from '../../checkpoint/open.ts';
import { FusionError } from '../../errors.ts';
import { type Engine, openEngine } from './engine.ts';
import { openOnnxEngine } from './onnxEngine.ts';
import { loadRuntime } from './onnxRuntime.ts';
import type { EngineReply, EngineRequest, EngineWorkerData } from './remoteEngine.ts';
import { storeOf } from './weightStore.ts';

const data = workerData as EngineWorkerData;

async function open(): Promise<Engine> {
  const runtime = await loadRuntime();
  if (data.kind === 'onnx') return openOnnxEngine(runtime, data, data);
  const checkpoint = await openCheckpoint(data.path, data.reference);
  return openEngine(runtime, checkpoint, {
    threads: data.threads,
    packs: data.packs,
    store: (graphs) => storeOf(checkpoint, graphs),
  });
}

function reply(message: EngineReply): void {
  const { value } = message as { value?: unknown };
  const owned = value instanceof Float32Array ? [value.buffer as ArrayBuffer] : [];
  parentPort?.postMessage(message, owned);
}

function failure(id: number, error: unknown): EngineReply {
  if (error instanceof FusionError)
    return { id, failed: { code: error.code, message: error.message } };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { id, failed: { code: 'internal', message } };
}

const opening = open();
opening.then(
  ({ facts }) => reply({ id: 0, value: facts }),
  (error) => reply(failure(0, error)),
);

/** One after the other: a session runs one batch at a time. */
let last: Promise<unknown> = opening.catch(() => {});
parentPort?.on('message', ({ id, call, args }: EngineRequest) => {
  last = last.then(async () => {
    try {
      const engine = await opening;
      const method = engine[call] as (...args: readonly unknown[]) => Promise<unknown>;
      reply({ id, value: copied(await method(...args)) });
    } catch (error) {
      reply(failure(id, error));
    }
    if (call === 'close') parentPort?.close();
  });
});

/** The runtime's own memory cannot be handed over. */
function copied(value: unknown): unknown {
  return value instanceof Float32Array ? value.slice() : value;
}
