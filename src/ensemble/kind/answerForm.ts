/** Where in an answer a vote finds what counts, as a recipe spells it. */

import * as z from 'zod';

export const extractSchema = z
  .array(z.enum(['boxed', 'answer_is']))
  .optional()
  .describe('Of a vote on answers: what is in \\boxed{}, or follows "the answer is".');
