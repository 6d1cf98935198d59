/**
 * An engine over ready ONNX files, whoever exported them. Not the choice of files: ../onnxFiles.ts.
 */

import { dirname } from 'node:path';
import type { InferenceSession } from 'onnxruntime-common';
import type { JsonObject } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import { type FileSource, withFileSource } from '../../io/fileSource.ts';
import { type Engine, engineOver, lastSize, startTokenOf } from './engine.ts';
import { statesOutput } from './labels.ts';
import { hasLogits, logProbabilitiesTail } from './logProbabilities.ts';
import { taskOf } from './onnxTask.ts';
import { type Running, runningOf } from './running.ts';
import type { Runtime } from './session.ts';

export interface OnnxModel {
  /** One file, or those of encoder and decoder. */
  readonly paths: readonly string[];
  readonly config: JsonObject;
}

export async function openOnnxEngine(
  runtime: Runtime,
  { paths, config }: OnnxModel,
  { threads }: { readonly threads: number },
): Promise<Engine> {
  const running: Running[] = [];
  for (const path of paths) running.push(runningOf(runtime, await open(runtime, path, threads)));
  const task = taskOf(running, config, paths.at(-1)!);
  const [first] = running as [Running];
  const last = running.at(-1)!;
  const states = statesOutput(first);
  const facts = {
    task,
    outcomes: lastSize(last, 'logits') || outcomesIn(config, task === 'sequence_classification'),
    width: states ? lastSize(first, states) || widthIn(config) : 0,
  };
  const startToken = task === 'sequence_to_sequence' ? startTokenOf(config) : 0;
  return engineOver(facts, { encoder: first, decoder: last, startToken });
}

async function open(runtime: Runtime, path: string, threads: number): Promise<InferenceSession> {
  try {
    const model = await withFileSource(path, withLogProbabilities);
    return await runtime.InferenceSession.create(model, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      extra: { session: { model_external_initializers_file_folder_path: dirname(path) } },
    });
  } catch (cause) {
    const { message } = cause as Error;
    const [, data] = /External data path does not exist: "(.*)"/.exec(message) ?? [];
    const reason = data ? `its weights are in ${data}, which does not exist` : message;
    throw badInput(`${path}: cannot be opened (${reason})`, cause);
  }
}

/** In memory of its own from the start, as a model may be all that there is room for. */
async function withLogProbabilities(file: FileSource): Promise<Uint8Array> {
  const tail = logProbabilitiesTail();
  const bytes = new Uint8Array(file.byteLength + tail.byteLength);
  const model = bytes.subarray(0, file.byteLength);
  await file.read(model, 0);
  bytes.set(tail, file.byteLength);
  return hasLogits(model) ? bytes : model;
}

function outcomesIn({ id2label, vocab_size: words }: JsonObject, isClassifier: boolean): number {
  if (isClassifier) return Object.keys((id2label ?? {}) as JsonObject).length;
  return typeof words === 'number' ? words : 0;
}

function widthIn(config: JsonObject): number {
  const width = config.hidden_size ?? config.d_model ?? config.dim ?? config.n_embd;
  return typeof width === 'number' ? width : 0;
}
