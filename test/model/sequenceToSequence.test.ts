/** BART, Marian and T5 against what transformers computes, and against themselves without a cache. */

import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { beforeAll, describe, expect, it } from 'vitest';
import { bucketOf } from '../../src/model/graph/relativePositions.ts';
import { FAMILIES, readReference, worstError } from './family.ts';
import {
  decode,
  encode,
  greedy,
  lastLogits,
  openPair,
  type Pair,
  type Rows,
  type Step,
  takeRows,
  withoutStates,
} from './pair.ts';

const CONFIGS = ['config.json', 'config.v4.json'];
const NAMES = ['bart', 'marian', 't5-gated', 't5-relu'];
const MODELS = join(import.meta.dirname, '../../../shared/models');

interface Greedy {
  readonly input_ids: Rows;
  readonly attention_mask: Rows;
  readonly decoder_start_token_id: number;
  readonly max_new_tokens: number;
  readonly new_ids: Rows;
}

function greedyOf(name: string): readonly Greedy[] {
  return JSON.parse(readFileSync(join(FAMILIES, name, 'reference.json'), 'utf8')).greedy;
}

/** Three rows, two of them with padding of the source. */
function paddedOf(name: string) {
  const { input_ids, attention_mask, decoder_input_ids } = readReference(name).cases.find(
    (given) => given.name === 'padded',
  )!;
  return { ids: input_ids, mask: attention_mask, written: decoder_input_ids! };
}

const errorOf = (actual: ArrayLike<number>, wanted: ArrayLike<number>) =>
  worstError(actual, Array.from(wanted), 0);

/** Logits of row `row` of a step. */
function rowOf({ logits }: Step, row: number, rows: number): Float32Array {
  const size = logits.length / rows;
  return logits.subarray(row * size, (row + 1) * size);
}

describe.each(NAMES.flatMap((name) => CONFIGS.map((config) => [name, config] as const)))(
  '%s, by %s',
  (name, config) => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await openPair(name, config);
    });

    it('computes the states and logits of the reference', async () => {
      for (const given of readReference(name).cases) {
        const source = await encode(pair, given.input_ids, given.attention_mask);
        const { logits, vocabulary } = await decode(pair, source, given.decoder_input_ids!);
        expect(worstError(logits, given.logits, vocabulary), given.name).toBeLessThan(1);
        const states = given.encoder_last_hidden_state;
        if (states)
          expect(worstError(source.states.data as Float32Array, states, 0)).toBeLessThan(1);
      }
    });

    it('writes the likeliest tokens of the reference', async () => {
      for (const given of greedyOf(name)) {
        const source = await encode(pair, given.input_ids, given.attention_mask);
        const { decoder_start_token_id: start, max_new_tokens: count } = given;
        expect(await greedy(pair, source, { start, count })).toEqual(given.new_ids);
      }
    });

    it.each([[[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]], [[1, 3, 7]], [[4, 1, 6]]])(
      'gives the same in steps of %j tokens',
      async (sizes) => {
        const { ids, mask, written } = paddedOf(name);
        const source = await encode(pair, ids, mask);
        const whole = await decode(pair, source, written);
        let step: Step | undefined;
        let from = 0;
        for (const size of sizes) {
          const next = written.map((row) => row.slice(from, from + size));
          step = await decode(pair, source, next, step?.cache);
          written.forEach((_, r) => {
            const wanted = rowOf(whole, r, 3).subarray(
              from * whole.vocabulary,
              (from + size) * whole.vocabulary,
            );
            expect(errorOf(rowOf(step!, r, 3), wanted)).toBeLessThan(1);
          });
          from += size;
        }
        expect(from).toBe(written[0]!.length);
      },
    );

    it('keeps the cache of the source as it was', async () => {
      const { ids, mask, written } = paddedOf(name);
      const source = await encode(pair, ids, mask);
      const first = await decode(
        pair,
        source,
        written.map((row) => row.slice(0, 1)),
      );
      const next = written.map((row) => row.slice(1, 2));
      const second = await decode(pair, source, next, first.cache);
      for (const [port, { data, dims }] of Object.entries(second.cache)) {
        const isSource = port.includes('encoder');
        expect(dims[2], port).toBe(isSource ? ids[0]!.length : 2);
        if (isSource) expect(data, port).toEqual(first.cache[port]!.data);
      }
    });

    it('gives a row alone, without padding, what it has in a batch', async () => {
      const { ids, mask, written } = paddedOf(name);
      const batch = await decode(pair, await encode(pair, ids, mask), written);
      for (const [r, row] of ids.entries()) {
        const tokens = row.filter((_, i) => mask[r]![i] === 1);
        const source = await encode(pair, [tokens], [tokens.map(() => 1)]);
        const single = await decode(pair, source, [written[r]!]);
        expect(errorOf(rowOf(batch, r, 3), single.logits)).toBeLessThan(1);
      }
    });

    it('does not see what stands behind the source', async () => {
      const { ids, mask, written } = paddedOf(name);
      const plain = await decode(pair, await encode(pair, ids, mask), written);
      const longer = ids.map((row, r) => [...row.map((id, i) => (mask[r]![i] ? id : 77)), 5, 6, 7]);
      const source = await encode(
        pair,
        longer,
        mask.map((row) => [...row, 0, 0, 0]),
      );
      expect(errorOf((await decode(pair, source, written)).logits, plain.logits)).toBeLessThan(1);
    });

    it('continues rows of the cache in any order, and several times', async () => {
      const { ids, mask, written } = paddedOf(name);
      const source = await encode(pair, ids, mask);
      const begun = written.map((row) => row.slice(0, 4));
      const { cache } = await decode(pair, source, begun);
      const parents = [2, 0, 0, 1, 2];
      const tokens = [9, 8, 7, 6, 5];
      const kept = withoutStates({ ...source, mask: parents.map((parent) => mask[parent]!) });
      const step = await decode(
        pair,
        kept,
        tokens.map((token) => [token]),
        takeRows(cache, parents),
      );
      for (const [i, parent] of parents.entries()) {
        const alone = await encode(pair, [ids[parent]!], [mask[parent]!]);
        const whole = await decode(pair, alone, [[...begun[parent]!, tokens[i]!]]);
        const wanted = lastLogits(whole, 1)[0]!;
        expect(errorOf(lastLogits(step, parents.length)[i]!, wanted)).toBeLessThan(1);
      }
    });

    it('gives the same in steps far beyond the distances that have a bucket', async () => {
      const source = await encode(pair, [[3, 4, 5]], [[1, 1, 1]]);
      const written = Array.from({ length: 60 }, (_, i) => (i * 37) % 127);
      const whole = await decode(pair, source, [written]);
      const before = await decode(pair, source, [written.slice(0, 59)]);
      const last = await decode(pair, source, [written.slice(59)], before.cache);
      expect(errorOf(lastLogits(last, 1)[0]!, lastLogits(whole, 1)[0]!)).toBeLessThan(1);
    });
  },
);

describe('buckets of relative positions', () => {
  /** floor(16 + 16 log_8(n / 16)) and floor(8 + 8 log_16(n / 8)) by whole numbers. */
  function bucketByPowers(n: bigint, first: bigint, power: bigint, bits: bigint): number {
    if (n < first) return Number(n);
    let k = 0n;
    while (k < first && n ** power >= (first ** power) << (bits * (k + 1n))) k++;
    return Number(first + (k < first ? k : first - 1n));
  }

  it('are those of exact arithmetic, by the sizes of the published models', () => {
    const sizes = { buckets: 32, maxDistance: 128 };
    for (let n = 0; n < 400; n++) {
      const near = bucketByPowers(BigInt(n), 8n, 2n, 1n);
      const before = bucketByPowers(BigInt(n), 16n, 16n, 3n);
      expect(bucketOf(-n, { ...sizes, isBidirectional: true }), `${-n}`).toBe(near);
      if (n > 0) expect(bucketOf(n, { ...sizes, isBidirectional: true })).toBe(16 + near);
      expect(bucketOf(-n, { ...sizes, isBidirectional: false }), `${-n}`).toBe(before);
    }
  });
});

describe.skipIf(!existsSync(MODELS))('marian-de-en-a (skipped without ../shared/models)', () => {
  const folder = join(MODELS, 'marian-de-en-a');
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
  let pair: Pair;
  beforeAll(async () => {
    pair = await openPair(relative(FAMILIES, folder), 'config.json');
  });

  it('computes the logits of its reference', async () => {
    const check = read('reference.json').logits_check;
    const source = await encode(pair, check.input_ids, check.attention_mask);
    const { logits, vocabulary } = await decode(pair, source, check.decoder_input_ids);
    const firstEight = logits.filter((_, i) => i % vocabulary < 8);
    expect(worstError(firstEight, check.first_8_logits, 8)).toBeLessThan(1);
  });

  it('writes the 100 greedy translations of its reference', async () => {
    const tokenizer = new Tokenizer(read('tokenizer.json'), read('tokenizer_config.json'));
    const lines = readFileSync(join(MODELS, '../data/multi30k/test2016.tsv'), 'utf8').split('\n');
    const texts = lines.slice(1, 101).map((line) => line.split('\t')[0]!);
    const sources = texts.map((text) => tokenizer.encode(text).ids);
    const length = Math.max(...sources.map((row) => row.length));
    const padded = sources.map((row) => [...row, ...Array(length - row.length).fill(2)]);
    const mask = padded.map((row, r) => row.map((_, i) => (i < sources[r]!.length ? 1 : 0)));
    const source = await encode(pair, padded, mask);
    // The reference ends at 60 tokens, of which the first is the start and the last is forced to end.
    const written = await greedy(pair, source, { start: 2, count: 58, end: 0 });
    const decoded = written.map((row) => {
      const end = row.indexOf(0);
      return tokenizer.decode(end < 0 ? row : row.slice(0, end), { skip_special_tokens: true });
    });
    expect(decoded).toEqual(read('reference.json').hypotheses_greedy_first100);
  });
});
