/** `ensemble: log_linear`, the product of experts  p ~ prod_i p_i^w_i  of pool/logLinearPool.ts. */

import * as z from 'zod';
import type { TokenPool } from '../decode/tokenPool.ts';
import type { LabelPool } from '../fusedClassifier.ts';
import { type LogLinearOptions, logLinearPool } from '../pool/logLinearPool.ts';
import { pooled } from '../pooled.ts';
import { generationDefaults, generationSchema, labelsSchema } from './generation.ts';
import { defineKind } from './kind.ts';

const keys = {
  labels: labelsSchema,
  generation: generationSchema,
  normalized: z
    .boolean()
    .optional()
    .describe('False leaves log Z out, as Marian does; the scores are then no probabilities.'),
  floor: z
    .number()
    .min(0)
    .lt(1)
    .optional()
    .describe('Smaller probabilities count as this one, so that no member can veto.'),
  plausibility: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('Allows negative weights among outcomes of at least this share of the best.'),
};

export const logLinear = defineKind({
  name: 'log_linear',
  summary: 'The weighted geometric mean of probabilities; weights count as written.',
  tasks: ['text-classification', 'translation', 'text-generation'],
  usesTemperatures: true,
  fit: () => ({ pool: 'log_linear' }),
  keys,
  create: (members, { labels, generation, ...given }, context) => {
    const options = given as LogLinearOptions;
    return pooled(
      members,
      { labels: labelPool(options), tokens: tokenPool(options) },
      { labels, generation: generationDefaults(generation) },
      context,
    );
  },
});

/** Labels have probabilities in any case. */
function labelPool({ normalized: _, ...options }: LogLinearOptions): LabelPool {
  return (rows, weights) => {
    const out = new Float64Array(rows[0]!.length);
    logLinearPool(rows, weights, out.length, out, options);
    return out;
  };
}

function tokenPool(options: LogLinearOptions): TokenPool {
  return {
    pool: (members, weights, size, out) => logLinearPool(members, [...weights], size, out, options),
    isElementwise: false,
  };
}
