/**
 * passthrough: the only input, times `scale` where one is given. With slices it restacks layers
 * ("frankenmerge", depth up-scaling).
 *
 * Kim et al., "SOLAR 10.7B: scaling large language models with simple yet effective depth
 * up-scaling", 2023 (arXiv 2312.15166).
 */

import { defineMethod, write } from './method.ts';

export const passthrough = defineMethod({
  name: 'passthrough',
  base: 'none',
  inputs: { min: 1, max: 1 },
  modelParameters: {
    scale: { type: 'number', optional: true, description: 'Factor of the tensor.' },
  },
  globalParameters: {},
  isCopy: (tensor) => tensor.models[0]?.scale === undefined,
  *passes(tensor, machine) {
    const { kernels, inputs, out } = machine;
    const factor = Number(tensor.models[0]?.scale ?? 1);
    yield write(({ count }) => {
      inputs[0]!.decode(out, count);
      if (factor !== 1) kernels.scale(out, factor, out, count);
    });
  },
});
