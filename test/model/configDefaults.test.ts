/** What configs leave unsaid, against configs that say it: the graphs must be the same. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/checkpoint/checkpoint.ts';
import { openCheckpoint } from '../../src/checkpoint/open.ts';
import { buildGraphs } from '../../src/model/engine/checkpointGraphs.ts';
import { FAMILIES } from './family.ts';

async function graphOf(name: string, changes: JsonObject) {
  const checkpoint = await openCheckpoint(join(FAMILIES, name), name);
  const older = JSON.parse(readFileSync(join(FAMILIES, name, 'config.v4.json'), 'utf8'));
  const [whole] = buildGraphs({ ...checkpoint, config: { ...older, ...changes } }).parts;
  const graph = whole?.builder.graph;
  const { nodes, constants, weights } = graph!;
  return { nodes, constants, weights };
}

describe('the base of rotary positions', () => {
  const UNSAID = { rope_theta: null, rope_local_base_freq: null };
  it.each([
    ['llama', { rope_theta: 1e4 }],
    ['mixtral', { rope_theta: 1e6 }],
    ['gemma', { rope_theta: 1e4 }],
    ['gemma3', { rope_theta: 1e6, rope_local_base_freq: 1e4 }],
  ])('of %s is that of its family', async (name, said) => {
    expect(await graphOf(name, UNSAID)).toEqual(await graphOf(name, said));
  });

  it('is not that of another family', async () => {
    const other = await graphOf('gemma3', { rope_theta: 1e4, rope_local_base_freq: 1e4 });
    expect(await graphOf('gemma3', UNSAID)).not.toEqual(other);
  });
});

it('null scaling of rotary positions is none', async () => {
  const plain = await graphOf('llama', { rope_parameters: { rope_type: 'default' } });
  expect(await graphOf('llama', { rope_scaling: null })).toEqual(plain);
  expect(await graphOf('llama', { rope_parameters: null })).toEqual(plain);
});

it('the windows of Gemma 3 are not scaled with its other layers', async () => {
  const scaling = { rope_type: 'linear', factor: 8 };
  const { constants } = await graphOf('gemma3', { rope_scaling: scaling });
  const plain = await graphOf('gemma3', {});
  const same = constants.filter((one) => plain.constants.some(({ name }) => name === one.name));
  expect(constants.length - same.length).toBe(1);
});

it('what early configs of Gemma call gelu is its approximation', async () => {
  const early = await graphOf('gemma', { hidden_act: 'gelu', hidden_activation: null });
  expect(early).toEqual(await graphOf('gemma', {}));
});
