/**
 * A checkpoint that runs: its graphs in sessions, and the sequences under way. Token ids in,
 * probabilities out; it knows no text. The same interface is offered by a thread that holds one
 * (remoteEngine.ts).
 */

import type { Checkpoint, JsonObject } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import type { FamilyTask } from '../graph/family/family.ts';
import type { Graph } from '../graph/graph.ts';
import { switchLengthOf } from '../graph/rotaryConfig.ts';
import { type Sequences, startCausal } from './causal.ts';
import { type ScoredRow, scoreCausal } from './causalScores.ts';
import { buildGraphs } from './checkpointGraphs.ts';
import type { NextTokens } from './distributions.ts';
import { classifyRows, meanStates } from './labels.ts';
import { addLogProbabilities } from './logProbabilities.ts';
import { type Running, runningOf } from './running.ts';
import { createSession, type Runtime, type SessionOptions, type WeightStore } from './session.ts';
import type { TokenRows } from './tokenBatch.ts';
import { type Branch, canGrow, growNodes, type NodeCaches } from './tokenTree.ts';
import { scoreTranslations, startTranslation, type Translator } from './translation.ts';

export interface EngineFacts {
  readonly task: FamilyTask;
  /** Labels of a classifier, or tokens of a vocabulary. */
  readonly outcomes: number;
  /** Numbers of a hidden state. */
  readonly width: number;
  /** Causal, and what it remembers of a token is the same whatever comes after it. */
  readonly grows?: boolean;
}

/** Results are the caller's to keep. */
export interface Engine {
  readonly facts: EngineFacts;
  readonly classify: (rows: TokenRows) => Promise<Float32Array>;
  readonly embed: (rows: TokenRows) => Promise<Float32Array>;
  /** Begins sequences under a number of the caller's choice. */
  readonly start: (stream: number, inputs: TokenRows) => Promise<NextTokens>;
  readonly advance: (
    stream: number,
    parents: readonly number[],
    tokens: readonly number[],
  ) => Promise<NextTokens>;
  /** The sequences go on under a second number as well. */
  readonly fork: (stream: number, copy: number) => Promise<void>;
  readonly end: (stream: number) => Promise<void>;
  /**
   * Begins and continues sequences that do not advance together, if `facts.grows`:
   * [tokens of all branches][vocabulary]. Forgets nodes before that.
   */
  readonly grow: (
    branches: readonly Branch[],
    forgotten: readonly number[],
  ) => Promise<Float32Array>;
  readonly forget: (nodes: readonly number[]) => Promise<void>;
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
  const { task, config, parts } = buildGraphs(checkpoint);
  for (const { builder } of parts) addLogProbabilities(builder);
  const graphs = parts.map(({ builder }) => builder.graph);
  const store = options.store(graphs);
  const running: Running[] = [];
  for (const graph of graphs) {
    const session = await createSession(runtime, graph, store, options);
    running.push({ ...runningOf(runtime, session), switchLength: switchLengthOf(config) });
  }
  const [first] = running as [Running];
  const last = running.at(-1)!;
  const isPair = task === 'sequence_to_sequence';
  return engineOver(
    {
      task,
      outcomes: lastSize(last, 'logits'),
      width: lastSize(first, 'last_hidden_state'),
      grows: task === 'causal' && canGrow(last),
    },
    { encoder: first, decoder: last, startToken: isPair ? startTokenOf(checkpoint.config!) : 0 },
  );
}

export function startTokenOf(config: JsonObject): number {
  const token = config.decoder_start_token_id ?? config.bos_token_id;
  if (typeof token === 'number') return token;
  throw badInput('config.json: "decoder_start_token_id" is missing');
}

/** Size along the last axis of an output; 0 where the graph has no such output or does not say. */
export function lastSize({ outputs }: Running, name: string): number {
  const last = outputs.find((port) => port.name === name)?.dims.at(-1);
  return typeof last === 'number' ? last : 0;
}

/** @param translator encoder and decoder, which are one and the same in all other models */
export function engineOver(facts: EngineFacts, translator: Translator): Engine {
  const { encoder: first } = translator;
  const streams = new Map<number, Sequences>();
  const nodes: NodeCaches = new Map();
  const forget = (forgotten: readonly number[]) => {
    for (const node of forgotten) nodes.delete(node);
  };
  const keep = (stream: number, sequences: Sequences) => {
    streams.set(stream, sequences);
    return sequences.next;
  };
  const sequencesOf = (stream: number) => {
    const sequences = streams.get(stream);
    if (!sequences) throw new Error(`there is no stream ${stream}`);
    return sequences;
  };
  const begin = (inputs: TokenRows) =>
    facts.task === 'causal' ? startCausal(first, inputs) : startTranslation(translator, inputs);
  return {
    facts,
    classify: (rows) => classifyRows(first, rows),
    embed: (rows) => meanStates(first, rows),
    start: async (stream, inputs) => keep(stream, await begin(inputs)),
    async advance(stream, parents, tokens) {
      return keep(stream, await sequencesOf(stream).step(parents, tokens));
    },
    // A step makes new sequences and leaves the old ones as they are.
    async fork(stream, copy) {
      keep(copy, sequencesOf(stream));
    },
    async end(stream) {
      streams.delete(stream);
    },
    grow(branches, forgotten) {
      forget(forgotten);
      return growNodes(first, nodes, branches);
    },
    async forget(forgotten) {
      forget(forgotten);
    },
    score: (rows, sources) =>
      sources ? scoreTranslations(translator, rows, sources) : scoreCausal(first, rows),
    async close() {
      streams.clear();
      nodes.clear();
      const sessions = new Set([translator.encoder.session, translator.decoder.session]);
      for (const session of sessions) await session.release();
    },
  };
}
