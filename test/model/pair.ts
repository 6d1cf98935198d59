/** The two graphs of a sequence-to-sequence model as a test runs them. */

import * as runtime from 'onnxruntime-node';
import { int64, openGraph } from './family.ts';

export type Rows = readonly (readonly number[])[];
export type Tensors = Readonly<Record<string, runtime.Tensor>>;

export interface Pair {
  readonly encoder: Awaited<ReturnType<typeof openGraph>>;
  readonly decoder: Awaited<ReturnType<typeof openGraph>>;
}

export interface Source {
  readonly mask: Rows;
  readonly states: runtime.Tensor;
}

export interface Step {
  /** [rows][tokens][vocabulary] */
  readonly logits: Float32Array;
  readonly vocabulary: number;
  /** As inputs of the next step. */
  readonly cache: Tensors;
}

export async function openPair(name: string, config: string): Promise<Pair> {
  return {
    encoder: await openGraph(name, config, 'encoder'),
    decoder: await openGraph(name, config, 'decoder'),
  };
}

export async function encode({ encoder }: Pair, ids: Rows, mask: Rows): Promise<Source> {
  const out = await encoder.session.run({ input_ids: int64(ids), attention_mask: int64(mask) });
  return { mask, states: out.last_hidden_state! };
}

/** Reads tokens behind those of the cache, which is empty at first. */
export async function decode(pair: Pair, source: Source, ids: Rows, cache?: Tensors) {
  const out = await pair.decoder.session.run({
    input_ids: int64(ids),
    encoder_attention_mask: int64(source.mask),
    encoder_hidden_states: source.states,
    use_cache_branch: new runtime.Tensor('bool', [cache !== undefined], [1]),
    ...(cache ?? emptyCache(pair, ids.length)),
  });
  return stepOf(out);
}

function emptyCache({ decoder }: Pair, rows: number): Tensors {
  const ports = decoder.graph.inputs.filter(({ name }) => name.startsWith('past_key_values.'));
  return Object.fromEntries(
    ports.map(({ name, dims }) => {
      const sizes = dims.map((dim) =>
        dim === 'batch_size' ? rows : typeof dim === 'number' ? dim : 0,
      );
      return [name, new runtime.Tensor('float32', new Float32Array(0), sizes)];
    }),
  );
}

function stepOf(out: Tensors): Step {
  const present = Object.entries(out).filter(([name]) => name.startsWith('present.'));
  return {
    logits: out.logits!.data as Float32Array,
    vocabulary: out.logits!.dims[2]!,
    cache: Object.fromEntries(
      present.map(([name, tensor]) => [name.replace('present', 'past_key_values'), tensor]),
    ),
  };
}

/** Row i of the result is row parents[i]. */
export function takeRows(tensors: Tensors, parents: readonly number[]): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { data, dims }]) => {
      const size = data.length / dims[0]!;
      const rows = parents.map((row) =>
        (data as Float32Array).subarray(row * size, (row + 1) * size),
      );
      const taken = Float32Array.from(rows.flatMap((row) => [...row]));
      return [name, new runtime.Tensor('float32', taken, [parents.length, ...dims.slice(1)])];
    }),
  );
}

/** What the cache makes unnecessary. */
export function withoutStates({ mask, states }: Source): Source {
  const dims = [mask.length, 0, states.dims[2]!];
  return { mask, states: new runtime.Tensor('float32', new Float32Array(0), dims) };
}

/** Logits of the last token of each row. */
export function lastLogits({ logits, vocabulary }: Step, rows: number): Float32Array[] {
  const size = logits.length / rows;
  return Array.from({ length: rows }, (_, row) =>
    logits.subarray((row + 1) * size - vocabulary, (row + 1) * size),
  );
}

export interface GreedyOptions {
  readonly start: number;
  readonly count: number;
  /** When all rows have it, the rest is spared. */
  readonly end?: number;
}

/** Likeliest tokens one after another, by the cache. */
export async function greedy(pair: Pair, source: Source, { start, count, end }: GreedyOptions) {
  const written: number[][] = source.mask.map(() => []);
  let step = await decode(
    pair,
    source,
    written.map(() => [start]),
  );
  for (let length = 1; ; length++) {
    const logits = lastLogits(step, written.length);
    written.forEach((row, r) => void row.push(logits[r]!.indexOf(Math.max(...logits[r]!))));
    const isOver = end !== undefined && written.every((row) => row.includes(end));
    if (isOver || length === count) return written;
    step = await decode(
      pair,
      withoutStates(source),
      written.map((row) => [row.at(-1)!]),
      step.cache,
    );
  }
}
