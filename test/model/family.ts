/** The tiny checkpoints of every family: how they are opened and what they must compute. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as runtime from 'onnxruntime-node';
import type { JsonObject } from '../../src/checkpoint/checkpoint.ts';
import { openCheckpoint } from '../../src/checkpoint/open.ts';
import { type Engine, openEngine } from '../../src/model/engine/engine.ts';
import { graphBuilderOf } from '../../src/model/engine/graphWeights.ts';
import { createSession, type Runtime } from '../../src/model/engine/session.ts';
import { storeOf } from '../../src/model/engine/weightStore.ts';
import { readConfig } from '../../src/model/graph/config.ts';
import { familyOf } from '../../src/model/graph/family/registry.ts';

const NODE = runtime as unknown as Runtime;

export const FAMILIES = join(import.meta.dirname, 'families');

export const CAUSAL = [
  ...['gpt2', 'gpt2-hub-names', 'llama', 'llama-bf16', 'llama3-tied', 'mistral', 'qwen2', 'qwen3'],
  ...['gemma', 'gemma2', 'gemma3', 'gemma3-linear', 'phi3', 'phi3-longrope'],
  ...['mixtral', 'qwen2_moe', 'qwen3_moe'],
];

type Matrix = readonly (readonly number[])[];

export interface ReferenceCase {
  readonly name: string;
  readonly input_ids: Matrix;
  readonly attention_mask: Matrix;
  readonly position_ids?: Matrix;
  readonly token_type_ids?: Matrix;
  readonly decoder_input_ids?: Matrix;
  /** [batch][label] or [batch][position][vocabulary], null where nothing is defined. */
  readonly logits: readonly (readonly (number | readonly number[] | null)[])[];
  readonly last_hidden_state?: readonly Matrix[];
  readonly encoder_last_hidden_state?: readonly Matrix[];
}

export interface GreedyCase {
  readonly input_ids: Matrix;
  readonly attention_mask: Matrix;
  readonly new_ids: Matrix;
}

export interface Reference {
  readonly cases: readonly ReferenceCase[];
  /** Of models that write. */
  readonly greedy?: readonly GreedyCase[];
}

export function readReference(name: string): Reference {
  return JSON.parse(readFileSync(join(FAMILIES, name, 'reference.json'), 'utf8'));
}

/** Opens one of the family's graphs in onnxruntime. */
export async function openGraph(
  name: string,
  configFile: string,
  part: 'whole' | 'encoder' | 'decoder' = 'whole',
) {
  const folder = join(FAMILIES, name);
  const checkpoint = await openCheckpoint(folder, name);
  const config = JSON.parse(readFileSync(join(folder, configFile), 'utf8'));
  const family = familyOf(config, name);
  const builder = graphBuilderOf(checkpoint, family.prefixes);
  family.build(builder, readConfig(config, configFile), part);
  const { graph } = builder;
  const session = await createSession(NODE, graph, storeOf(checkpoint, [graph]), {
    threads: 1,
    packs: true,
  });
  return { graph, session };
}

/** Opens the family's checkpoint as an engine; `changes` are of its config. */
export async function openFamilyEngine(name: string, changes: JsonObject = {}): Promise<Engine> {
  const checkpoint = await openCheckpoint(join(FAMILIES, name), name);
  return openEngine(
    NODE,
    { ...checkpoint, config: { ...checkpoint.config, ...changes } },
    {
      threads: 1,
      packs: true,
      store: (graphs) => storeOf(checkpoint, graphs),
    },
  );
}

export function int64(rows: Matrix): runtime.Tensor {
  const values = BigInt64Array.from(rows.flat(), BigInt);
  return new runtime.Tensor('int64', values, [rows.length, rows[0]!.length]);
}

/** Feeds of a case without a cache. */
export function feedsOf(
  { graph }: Awaited<ReturnType<typeof openGraph>>,
  given: ReferenceCase,
): Record<string, runtime.Tensor> {
  const batch = given.input_ids.length;
  const counted = given.input_ids.map((row) => row.map((_, i) => i));
  const zeros = given.input_ids.map((row) => row.map(() => 0));
  const known: Record<string, () => runtime.Tensor> = {
    input_ids: () => int64(given.input_ids),
    attention_mask: () => int64(given.attention_mask),
    token_type_ids: () => int64(given.token_type_ids ?? zeros),
    position_ids: () => int64(given.position_ids ?? counted),
    logits_from: () => new runtime.Tensor('int64', [0n], [1]),
  };
  const sizes: Readonly<Record<string, number>> = { batch_size: batch, past: 0 };
  return Object.fromEntries(
    graph.inputs.map(({ name, dims }) => {
      const make = known[name];
      if (make) return [name, make()];
      const shape = dims.map((dim) => (typeof dim === 'number' ? dim : sizes[dim]!));
      return [name, new runtime.Tensor('float32', new Float32Array(0), shape)];
    }),
  );
}

/** The largest error, as a share of the tolerance `1e-4 + 1e-4 |wanted|`, over what is defined. */
export function worstError(
  actual: ArrayLike<number>,
  wanted: readonly unknown[],
  rowLength: number,
): number {
  let worst = 0;
  let at = 0;
  const compare = (value: unknown): void => {
    if (value === null) {
      at += rowLength;
    } else if (Array.isArray(value)) {
      value.forEach(compare);
    } else {
      const w = value as number;
      const error = Math.abs(actual[at++]! - w) / (1e-4 + 1e-4 * Math.abs(w));
      worst = Math.max(error, worst);
    }
  };
  compare(wanted);
  if (at !== actual.length) throw new Error(`${actual.length} values, where ${at} are wanted`);
  return worst;
}
