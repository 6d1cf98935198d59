/**
 * nearswap: move to the other model where it is near the base,
 *
 *   s = min(1, t / |base - x|),   out = (1 - s) base + s x.
 *
 * Alchemonaut, QuartetAnemoi-70B-t0.0001 (model card), 2024.
 */

import { defineMethod, inputVectors, numberOf, write } from './method.ts';

export const nearswap = defineMethod({
  name: 'nearswap',
  base: 'required',
  inputs: { min: 1, max: 1 },
  modelParameters: {},
  globalParameters: {
    t: { type: 'number', description: 'Distance up to which an element is taken over whole.' },
  },
  *passes(tensor, machine) {
    const { kernels, base, out } = machine;
    const { vectors, fill } = inputVectors(machine);
    const t = numberOf(tensor.globals, 't');
    yield write((tile) => {
      machine.decodeBase(tile.count);
      fill(tile);
      kernels.nearswap(base, vectors[0]!, t, out, tile.count);
    });
  },
});
