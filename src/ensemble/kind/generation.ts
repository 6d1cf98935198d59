/** How texts are searched for unless a command says otherwise, as a recipe spells it. */

import * as z from 'zod';
import type { GenerationDefaults } from '../../model/languageModel.ts';
import { closedObject } from '../../recipe/closedObject.ts';

export const generationSchema = closedObject({
  beams: z.int().min(1).optional().describe('Of a beam search; 1 is greedy.'),
  length_penalty: z.number().optional().describe('The length counts to this power; 1.'),
  max_new_tokens: z.int().min(1).optional().describe('The longest text.'),
})
  .optional()
  .describe('How texts are searched for, unless a command says otherwise.');

export function generationDefaults(
  given: z.output<typeof generationSchema>,
): GenerationDefaults | undefined {
  if (!given) return undefined;
  const { beams, length_penalty: lengthPenalty, max_new_tokens: maxNewTokens } = given;
  return {
    ...(beams === undefined ? {} : { beams }),
    ...(lengthPenalty === undefined ? {} : { lengthPenalty }),
    ...(maxNewTokens === undefined ? {} : { maxNewTokens }),
  };
}

export const labelsSchema = z
  .enum(['same', 'union'])
  .optional()
  .describe('Whether all members must know the same labels; in a union what one lacks is 0 there.');
