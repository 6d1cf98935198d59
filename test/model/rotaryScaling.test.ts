/** The angles of rotary positions against the formulas, written out anew in float64. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/checkpoint/checkpoint.ts';
import { readConfig } from '../../src/model/graph/config.ts';
import { rotaryOf } from '../../src/model/graph/rotaryConfig.ts';

const HEAD = 64;
const THETA = 10_000;

function rotary(scaling: JsonObject, config: JsonObject = {}) {
  const raw = {
    max_position_embeddings: 4096,
    ...config,
    rope_parameters: { rope_theta: THETA, ...scaling },
  };
  const options = { layer: 'full_attention', theta: THETA } as const;
  return rotaryOf(readConfig(raw, 'config.json'), HEAD, options);
}

const plain = (i: number, theta = THETA) => 1 / theta ** ((2 * i) / HEAD);

/** Pair i, of those that turn `turns` times within `trained` tokens, by d ln(L / 2 pi n) / 2 ln theta. */
function pairOf(turns: number, trained: number): number {
  return (HEAD * Math.log(trained / (turns * 2 * Math.PI))) / (2 * Math.log(THETA));
}

interface Yarn {
  readonly factor: number;
  readonly trained: number;
  readonly fast?: number;
  readonly slow?: number;
  readonly isWhole?: boolean;
}

function yarnFrequencies({ factor, trained, fast = 32, slow = 1, isWhole = true }: Yarn): number[] {
  let [low, high] = [pairOf(fast, trained), pairOf(slow, trained)];
  if (isWhole) [low, high] = [Math.floor(low), Math.ceil(high)];
  [low, high] = [Math.max(low, 0), Math.min(high, HEAD - 1)];
  if (low === high) high += 0.001;
  return Array.from({ length: HEAD / 2 }, (_, i) => {
    const kept = 1 - Math.min(1, Math.max(0, (i - low) / (high - low)));
    return (plain(i) / factor) * (1 - kept) + plain(i) * kept;
  });
}

function expectNear(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual.length).toBe(wanted.length);
  actual.forEach((w, i) => {
    expect(Math.abs(w / wanted[i]! - 1)).toBeLessThan(1e-9);
  });
}

describe('YaRN', () => {
  it('divides what turns slowly, keeps what turns fast, and goes over between them', () => {
    fc.assert(
      fc.property(
        fc.record({
          factor: fc.double({ min: 1.5, max: 64, noNaN: true }),
          trained: fc.integer({ min: 512, max: 131_072 }),
          fast: fc.integer({ min: 8, max: 64 }),
          slow: fc.integer({ min: 1, max: 4 }),
          isWhole: fc.boolean(),
        }),
        (asked) => {
          const { frequencies, amplitude } = rotary({
            rope_type: 'yarn',
            factor: asked.factor,
            original_max_position_embeddings: asked.trained,
            beta_fast: asked.fast,
            beta_slow: asked.slow,
            truncate: asked.isWhole,
          });
          expectNear(frequencies, yarnFrequencies(asked));
          expect(amplitude).toBeCloseTo(0.1 * Math.log(asked.factor) + 1, 12);
        },
      ),
    );
  });

  it('has the usual betas, whole pairs, and the trained length of the config', () => {
    const { frequencies } = rotary({ type: 'yarn', factor: 4 });
    expectNear(frequencies, yarnFrequencies({ factor: 4, trained: 4096 }));
    // Written out: 32 turns in 4096 tokens are those of pair 10.45, one turn that of pair 22.51.
    expect(frequencies[10]).toBeCloseTo(plain(10), 12);
    expect(frequencies[23]).toBeCloseTo(plain(23) / 4, 12);
    expect(frequencies[11]).toBeCloseTo(plain(11) * (1 - 0.75 / 13), 12);
  });

  it('takes its factor from the lengths where none is given', () => {
    const scaling = { rope_type: 'yarn', original_max_position_embeddings: 1024 };
    expectNear(rotary(scaling).frequencies, yarnFrequencies({ factor: 4, trained: 1024 }));
  });

  it('has the amplitude that is given, or that of the two scales', () => {
    const yarn = { rope_type: 'yarn', factor: 40 };
    expect(rotary({ ...yarn, attention_factor: 1.25 }).amplitude).toBe(1.25);
    const { amplitude } = rotary({ ...yarn, mscale: 0.8, mscale_all_dim: 1 });
    const wanted = (0.08 * Math.log(40) + 1) / (0.1 * Math.log(40) + 1);
    expect(amplitude).toBeCloseTo(wanted, 12);
    expect(rotary({ ...yarn, factor: 1 }).amplitude).toBe(1);
  });
});

describe('up to the trained length', () => {
  it('dynamic scaling changes nothing: its base is theta (s L / L - (s - 1))^(d / (d - 2))', () => {
    const { frequencies, amplitude } = rotary({ rope_type: 'dynamic', factor: 4 });
    const base = THETA * (4 * (4096 / 4096) - 3) ** (HEAD / (HEAD - 2));
    expectNear(
      frequencies,
      Array.from({ length: HEAD / 2 }, (_, i) => plain(i, base)),
    );
    expect(amplitude).toBe(1);
  });
});
