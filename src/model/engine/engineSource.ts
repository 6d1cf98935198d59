/** What an engine is opened from, as data that a thread can be given, and the opening. Node only. */

import { openCheckpoint } from '../../checkpoint/open.ts';
import { FusionError } from '../../errors.ts';
import { type Engine, openEngine } from './engine.ts';
import { type OnnxModel, openOnnxEngine } from './onnxEngine.ts';
import { loadRuntime } from './onnxRuntime.ts';
import { storeOf } from './weightStore.ts';

export type EngineSource = {
  /** As the user named the model. */
  readonly reference: string;
  readonly threads: number;
} & (
  | { readonly kind: 'checkpoint'; readonly path: string; readonly packs: boolean }
  | ({ readonly kind: 'onnx' } & OnnxModel)
);

export async function engineFrom(source: EngineSource): Promise<Engine> {
  const runtime = await loadRuntime();
  if (source.kind === 'onnx') return openOnnxEngine(runtime, source, source);
  const checkpoint = await openCheckpoint(source.path, source.reference);
  return openEngine(runtime, checkpoint, {
    threads: source.threads,
    packs: source.packs,
    store: (graphs) => storeOf(checkpoint, graphs),
  });
}

/** What an engine raises that is not about its input is a defect. */
export function failureOf(error: unknown): FusionError {
  if (error instanceof FusionError) return error;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new FusionError('internal', message, { cause: error });
}

export function closedError({ reference }: EngineSource): FusionError {
  return new FusionError('aborted', `${reference} was closed`);
}
