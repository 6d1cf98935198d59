/**
 * Generation with real graphs, against what transformers generates from the same checkpoints: greedy
 * and beam search, a batch of padded rows; and the cache against the full pass.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as runtime from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/open.ts';
import type { NextTokens } from '../../src/model/engine/distributions.ts';
import { type Engine, openEngine } from '../../src/model/engine/engine.ts';
import type { Runtime } from '../../src/model/engine/session.ts';
import { storeOf } from '../../src/model/engine/weightStore.ts';
import { modelOver } from '../../src/model/engineModel.ts';
import { generate } from '../../src/model/generate/generate.ts';
import type { TokenModel } from '../../src/model/languageModel.ts';
import { CAUSAL, FAMILIES, readReference, worstError } from './family.ts';

const PAIRS = ['bart', 'marian', 't5-gated', 't5-relu'];

interface Asked {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly max_new_tokens: number;
}

interface Greedy extends Asked {
  readonly new_ids: number[][];
}

interface Beam extends Asked {
  readonly num_beams: number;
  readonly length_penalty: number;
  readonly early_stopping: boolean;
  readonly eos_token_id: number | null;
  readonly hypotheses: { new_ids: number[]; score: number; sum_log_prob: number }[];
}

const { Tensor, InferenceSession } = runtime;
const engines: Engine[] = [];
afterAll(async () => {
  for (const engine of engines) await engine.close();
});

/** No text is asked for, so there is no tokenizer. */
const tokenizer = { encode: () => [], decode: () => '' };

async function openTokens(name: string): Promise<{ engine: Engine; next: TokenModel }> {
  const folder = join(FAMILIES, name);
  const checkpoint = await openCheckpoint(folder, name);
  const engine = await openEngine({ Tensor, InferenceSession } as unknown as Runtime, checkpoint, {
    threads: 1,
    packs: true,
    store: (graphs) => storeOf(checkpoint, graphs),
  });
  engines.push(engine);
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  const model = modelOver(engine, { name, config, generationConfig: {}, tokenizer });
  return { engine, next: model.next! };
}

function referenceOf(name: string) {
  return readReference(name) as unknown as { greedy: Greedy[]; beam: Beam[] };
}

/** The rows without their padding. */
function rowsOf({ input_ids: ids, attention_mask: mask }: Asked): number[][] {
  return ids.map((row, r) => row.filter((_, i) => mask[r]![i] === 1));
}

describe.each([...CAUSAL, ...PAIRS])('%s', (name) => {
  it('writes greedily what the reference does, also in a batch', async () => {
    const { next } = await openTokens(name);
    for (const asked of referenceOf(name).greedy) {
      const found = await generate({ ...next, endTokens: [] }, rowsOf(asked), {
        strategy: 'greedy',
        maxNewTokens: asked.max_new_tokens,
      });
      expect(found.map(({ hypotheses }) => hypotheses[0]!.tokens)).toEqual(asked.new_ids);
    }
  });

  it('finds the beams of the reference', async () => {
    const { next } = await openTokens(name);
    for (const asked of referenceOf(name).beam) {
      const end = asked.eos_token_id === null ? [] : [asked.eos_token_id];
      const [found] = await generate({ ...next, endTokens: end }, rowsOf(asked), {
        strategy: 'beam',
        beams: asked.num_beams,
        hypotheses: asked.num_beams,
        lengthPenalty: asked.length_penalty,
        earlyStopping: asked.early_stopping,
        maxNewTokens: asked.max_new_tokens,
      });
      expect(found!.hypotheses.map(({ tokens }) => tokens)).toEqual(
        asked.hypotheses.map(({ new_ids: ids }) => ids),
      );
      found!.hypotheses.forEach(({ sumLogProb, score }, i) => {
        const wanted = asked.hypotheses[i]!;
        expect(Math.abs(sumLogProb - wanted.sum_log_prob)).toBeLessThan(1e-4);
        expect(Math.abs(score - wanted.score)).toBeLessThan(1e-4);
      });
    }
  });
});

async function logProbabilities(next: Promise<NextTokens>): Promise<Float32Array> {
  return (await next).logProbabilities;
}

describe.each(CAUSAL)('the cache of %s', (name) => {
  const text = [107, 16, 54, 29, 78, 11, 99, 3];
  const other = [5, 61, 18];

  it('gives the distributions of the full pass, alone and in a batch', async () => {
    const { engine } = await openTokens(name);
    const full: Float32Array[] = [];
    for (let length = 3; length <= text.length; length++) {
      full.push(await logProbabilities(engine.start(0, [text.slice(0, length)])));
    }
    const width = full[0]!.length;
    let alone = await logProbabilities(engine.start(1, [text.slice(0, 3)]));
    let both = await logProbabilities(engine.start(2, [other, text.slice(0, 3)]));
    for (let i = 0; ; i++) {
      expect(worstError(alone, [...full[i]!], 1)).toBeLessThan(1);
      expect(worstError(both.subarray(width), [...full[i]!], 1)).toBeLessThan(1);
      const token = text[3 + i];
      if (token === undefined) break;
      alone = await logProbabilities(engine.advance(1, [0], [token]));
      both = await logProbabilities(engine.advance(2, [0, 1], [9, token]));
    }
  });

  it('lets rows continue others', async () => {
    const { engine } = await openTokens(name);
    await engine.start(0, [other, text]);
    const crossed = await logProbabilities(engine.advance(0, [1, 1, 0], [7, 8, 9]));
    const wanted = await Promise.all(
      [
        [...text, 7],
        [...text, 8],
        [...other, 9],
      ].map((row, i) => logProbabilities(engine.start(i + 1, [row]))),
    );
    expect(
      worstError(
        crossed,
        wanted.map((row) => [...row]),
        1,
      ),
    ).toBeLessThan(1);
  });

  it('scores a text as its steps do', async () => {
    const { next } = await openTokens(name);
    const rows = [
      { input: text.slice(0, 2), continuation: text.slice(2) },
      { input: other.slice(0, 1), continuation: other.slice(1) },
    ];
    const scores = await next.continuationLogProbabilities(rows);
    for (const [r, { input, continuation }] of rows.entries()) {
      const stream = await next.start([input]);
      for (const [i, token] of continuation.entries()) {
        expect(Math.abs(scores[r]![i]! - stream.logProbabilities()[token]!)).toBeLessThan(1e-3);
        await stream.advance([0], [token]);
      }
    }
  });
});
