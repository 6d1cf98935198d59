/** `ensemble: bayes`, a mixture whose weights follow the text: pool/bayes.ts. */

import * as z from 'zod';
import type { TokenPool } from '../decode/tokenPool.ts';
import { updatedLogWeights } from '../pool/bayes.ts';
import { linearPoolOfLogWeights, logWeightsOf } from '../pool/linearPool.ts';
import { pooled } from '../pooled.ts';
import { generationDefaults, generationSchema } from './generation.ts';
import { defineKind } from './kind.ts';
import { linearLabels } from './linear.ts';

export const bayes = defineKind({
  name: 'bayes',
  summary: 'The mean of probabilities, weighted by how well each member foresaw the text so far.',
  tasks: ['translation', 'text-generation'],
  usesTemperatures: true,
  fit: ({ strength = 1 }) => ({ pool: 'linear', perText: strength === 1 }),
  keys: {
    generation: generationSchema,
    strength: z
      .number()
      .min(0)
      .optional()
      .describe('1 is the mixture of whole texts and the default, 0 the linear pool.'),
  },
  create: (members, { generation, strength = 1 }, context) =>
    pooled(
      members,
      { labels: linearLabels, tokens: bayesPool(strength) },
      { generation: generationDefaults(generation) },
      context,
    ),
});

export function bayesPool(strength: number): TokenPool {
  return {
    pool: (members, weights, _size, out) => linearPoolOfLogWeights(members, weights, out),
    dynamic: {
      begin: logWeightsOf,
      update: (weights, logProbabilities, priors) =>
        updatedLogWeights(weights, logProbabilities, logWeightsOf(priors), strength),
    },
    isElementwise: true,
  };
}
