/** `ensemble: linear`, the mixture  p = sum_i w_i p_i  of pool/linearPool.ts. */

import type { TokenPool } from '../decode/tokenPool.ts';
import type { LabelPool } from '../fusedClassifier.ts';
import { linearPool } from '../pool/linearPool.ts';
import { pooled } from '../pooled.ts';
import { generationDefaults, generationSchema, labelsSchema } from './generation.ts';
import { defineKind } from './kind.ts';

export const linearLabels: LabelPool = (rows, weights) => {
  const out = new Float64Array(rows[0]!.length);
  linearPool(rows, weights, out);
  return out;
};

const tokens: TokenPool = {
  pool: (members, weights, _size, out) => linearPool(members, [...weights], out),
  isElementwise: true,
};

export const linear = defineKind({
  name: 'linear',
  summary: 'The weighted mean of probabilities; weights are divided by their sum.',
  tasks: ['text-classification', 'translation', 'text-generation'],
  usesTemperatures: true,
  fit: () => ({ pool: 'linear' }),
  keys: { labels: labelsSchema, generation: generationSchema },
  create: (members, { labels, generation }, context) =>
    pooled(
      members,
      { labels: linearLabels, tokens },
      { labels, generation: generationDefaults(generation) },
      context,
    ),
});
