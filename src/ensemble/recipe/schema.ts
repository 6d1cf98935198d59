/**
 * The YAML form of a fusion recipe: members, and what every ensemble has. The keys of one kind of
 * ensemble are in kind/; the descriptions are what editors show (jsonSchema.ts).
 */

import * as z from 'zod';
import { closedObject } from '../../recipe/closedObject.ts';
import { TEXT_METRICS } from '../../task/metrics/registry.ts';
import { type EnsembleKind, TASKS } from '../kind/kind.ts';

export const memberSchema = closedObject({
  model: z
    .string()
    .min(1)
    .describe('A folder, org/name, file, http://host/v1#model, or another fusion recipe.'),
  name: z.string().min(1).optional().describe('For people; the model, unless given.'),
  weight: z.number().optional().describe('1 unless given.'),
  temperature: z
    .number()
    .positive()
    .optional()
    .describe('Divides the logarithms of its probabilities; above 1 it is less certain.'),
  prompt: z
    .string()
    .optional()
    .describe('Makes a classifier of a model that writes: a prompt with {text} in it.'),
  labels: z
    .record(z.string(), z.array(z.string().min(1)).min(1))
    .optional()
    .describe('The words that answer the prompt, by label.'),
  api: z.enum(['chat', 'completions']).optional().describe('Of an endpoint; chat unless given.'),
}).meta({ id: 'member' });

export type RawMember = z.output<typeof memberSchema>;

export const fitSchema = closedObject({
  fit: z.string().min(1).describe('The data that decides the weights, such as dev.tsv.'),
  loss: z
    .enum(['log_loss', 'brier', 'error'])
    .optional()
    .describe('What the weights make small; log_loss unless given.'),
  method: z
    .enum(['optimum', 'selection'])
    .optional()
    .describe('The optimum of the log loss, or greedy selection of members with replacement.'),
  temperature: z.boolean().optional().describe('Also fits a temperature for each member.'),
  metric: z
    .enum(TEXT_METRICS)
    .optional()
    .describe('What the weights of a reranker make better; bleu unless given.'),
}).meta({ id: 'fit' });

export type FitSettings = z.output<typeof fitSchema>;

/** Written by `lmfuse fit`, and read by people. */
const fittedSchema = z
  .looseObject({
    data: z.string().describe('The file.'),
    sha256: z.string().describe('Of its bytes.'),
    items: z.number().describe('Items, or texts, that were used.'),
  })
  .meta({ id: 'fitted' });

const failureSchema = z.union(
  [
    z.enum(['error', 'drop']),
    closedObject({ quorum: z.int().min(1).describe('Members that are enough.') }),
  ],
  { error: 'expected error, drop, or {quorum: k}' },
);

const COMMON = {
  task: z.enum(TASKS).optional().describe('What it is for; seen from the members unless given.'),
  members: z.array(memberSchema).min(1).describe('The models.'),
  weights: fitSchema.optional().describe('Weights that lmfuse fit is to find.'),
  fitted: fittedSchema.optional().describe('Written by lmfuse fit: what the weights come from.'),
  on_failure: failureSchema.optional().describe('When a member fails: error unless given.'),
};

export const COMMON_KEYS: readonly string[] = ['ensemble', ...Object.keys(COMMON)];

export function kindSchema(kind: EnsembleKind) {
  return closedObject({
    ensemble: z.literal(kind.name).describe(kind.summary),
    ...COMMON,
    ...kind.settings.shape,
  });
}

/** What all kinds have, as the parser reads it once the kind's own schema has passed. */
export const commonSchema = z.looseObject({ ensemble: z.string(), ...COMMON });

export type RawEnsemble = z.output<typeof commonSchema>;
