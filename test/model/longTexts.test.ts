/** Phi-3's long texts: beyond the trained length each row turns otherwise, from its first token on. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine } from '../../src/model/engine/engine.ts';
import { openFamilyEngine, worstError } from './family.ts';

/** Trained on 32 tokens. */
const LONG = Array.from({ length: 40 }, (_, i) => (i * 37 + 11) % 127);
const SHORT = LONG.slice(5, 10);

let engine: Engine;
beforeAll(async () => {
  engine = await openFamilyEngine('phi3-longrope');
});
afterAll(() => engine.close());

const start = async (...asked: Parameters<Engine['start']>) =>
  (await engine.start(...asked)).logProbabilities;
const advance = async (...asked: Parameters<Engine['advance']>) =>
  (await engine.advance(...asked)).logProbabilities;
const errorOf = (actual: Float32Array, wanted: Float32Array) => worstError(actual, [...wanted], 1);

it('in steps are what they are in one pass', async () => {
  let step = await start(0, [LONG.slice(0, 30)]);
  for (let length = 31; length <= LONG.length; length++) {
    step = await advance(0, [0], [LONG[length - 1]!]);
    const full = await start(1, [LONG.slice(0, length)]);
    expect(errorOf(step, full), `${length} tokens`).toBeLessThan(1);
  }
});

it('leave the shorter rows of their batch as they are, in steps too', async () => {
  const both = await start(0, [SHORT, LONG.slice(0, 32)]);
  const width = both.length / 2;
  expect(errorOf(both.subarray(0, width), await start(1, [SHORT]))).toBeLessThan(1);
  const grown = await advance(0, [0, 1], [9, LONG[32]!]);
  const alone = await start(1, [[...SHORT, 9]]);
  const long = await start(2, [LONG.slice(0, 33)]);
  expect(errorOf(grown.subarray(0, width), alone)).toBeLessThan(1);
  expect(errorOf(grown.subarray(width), long)).toBeLessThan(1);
  const next = await advance(0, [1, 0], [LONG[33]!, 8]);
  const wanted = [LONG.slice(0, 34), [...SHORT, 9, 8]];
  for (const [row, text] of wanted.entries()) {
    const part = next.subarray(row * width, (row + 1) * width);
    expect(errorOf(part, await start(3, [text]))).toBeLessThan(1);
  }
});
