/**
 * Fusion recipes as a JSON Schema, for completion, hover help and checks in editors: one form for each
 * kind of ensemble. What depends on several keys, such as that a fitted kind has no weights of its own,
 * the parser alone knows.
 */

import * as z from 'zod';
import { ENSEMBLE_KINDS } from '../kind/registry.ts';
import { kindSchema } from './schema.ts';

export function fusionJsonSchema(): object {
  return {
    ...z.toJSONSchema(z.union(ENSEMBLE_KINDS.map(kindSchema)), { io: 'input' }),
    title: 'lmfuse fusion recipe',
    description: 'Several models that answer as one.',
  };
}
