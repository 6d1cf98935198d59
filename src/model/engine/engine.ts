/**
 * A checkpoint that runs: its graphs in sessions, and the sequences under way. Token ids in,
 * probabilities out; it knows no text. The same interface is offered by a thread that holds one
 * (remoteEngine.ts).
 */

import type { Checkpoint, JsonObject } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import type { FamilyTask } from '../graph/family/family.ts';
import type { Graph } from '../graph/graph.ts';
import { switchLengthOf } from '../graph/rotary.ts';
import {
  type Running,
  type ScoredRow,
  type Sequences,
  scoreCausal,
  startCausal,
} from './causal.ts';
import { graphsOf } from './graphs.ts';
import { classifyRows, meanStates } from './labels.ts';
import { createSession, type Runtime, type SessionOptions, type WeightStore } from './session.ts';
import type { TokenRows } from './tokenBatch.ts';
import { scoreTranslations, startTranslation, type Translator } from './translation.ts';

export interface EngineFacts {
  readonly task: FamilyTask;
  /** Labels of a classifier, or tokens of a vocabulary. */
  readonly outcomes: number;
  /** Numbers of a hidden state. */
  readonly width: number;
}

/** Results are the caller's to keep. */
export interface Engine {
  readonly facts: EngineFacts;
  readonly classify: (rows: TokenRows) => Promise<Float32Array>;
  readonly embed: (rows: TokenRows) => Promise<Float32Array>;
  /** Begins sequences under a number of the caller's choice: [rows][vocabulary]. */
  readonly start: (stream: number, inputs: TokenRows) => Promise<Float32Array>;
  readonly advance: (
    stream: number,
    parents: readonly number[],
    tokens: readonly number[],
  ) => Promise<Float32Array>;
  readonly end: (stream: number) => Promise<void>;
  readonly score: (rows: readonly ScoredRow[], sources?: TokenRows) => Promise<Float64Array[]>;
  readonly close: () => Promise<void>;
}

export interface EngineOptions extends SessionOptions {
  readonly store: (graphs: readonly Graph[]) => WeightStore;
}

export async function openEngine(
  runtime: Runtime,
  checkpoint: Checkpoint,
  options: EngineOptions,
): Promise<Engine> {
  const { task, config, graphs } = graphsOf(checkpoint);
  const isPair = task === 'sequence_to_sequence';
  const store = options.store(graphs);
  const running: Running[] = [];
  for (const graph of graphs) {
    running.push({
      runtime,
      graph,
      session: await createSession(runtime, graph, store, options),
      switchLength: switchLengthOf(config),
    });
  }
  const [first] = running as [Running];
  const decoder = running.at(-1)!;
  return engineOver(task, first, {
    encoder: first,
    decoder,
    startToken: isPair ? startTokenOf(config.raw) : 0,
  });
}

function startTokenOf(config: JsonObject): number {
  const token = config.decoder_start_token_id ?? config.bos_token_id;
  if (typeof token === 'number') return token;
  throw badInput('config.json: "decoder_start_token_id" is missing');
}

function engineOver(task: FamilyTask, first: Running, translator: Translator): Engine {
  const streams = new Map<number, Sequences>();
  const keep = (stream: number, sequences: Sequences) => {
    streams.set(stream, sequences);
    return sequences.next;
  };
  const begin = (inputs: TokenRows) =>
    task === 'causal' ? startCausal(first, inputs) : startTranslation(translator, inputs);
  return {
    facts: { task, ...sizesOf(first, translator.decoder) },
    classify: (rows) => classifyRows(first, rows),
    embed: (rows) => meanStates(first, rows),
    start: async (stream, inputs) => keep(stream, await begin(inputs)),
    async advance(stream, parents, tokens) {
      const sequences = streams.get(stream);
      if (!sequences) throw new Error(`there is no stream ${stream}`);
      return keep(stream, await sequences.step(parents, tokens));
    },
    async end(stream) {
      streams.delete(stream);
    },
    score: (rows, sources) =>
      sources ? scoreTranslations(translator, rows, sources) : scoreCausal(first, rows),
    async close() {
      streams.clear();
      const sessions = new Set([translator.encoder.session, translator.decoder.session]);
      for (const session of sessions) await session.release();
    },
  };
}

function sizesOf(first: Running, last: Running): Pick<EngineFacts, 'outcomes' | 'width'> {
  const sizeOf = ({ graph }: Running, name: string) =>
    Number(graph.outputs.find((port) => port.name === name)?.dims.at(-1) ?? 0);
  return { outcomes: sizeOf(last, 'logits'), width: sizeOf(first, 'last_hidden_state') };
}
