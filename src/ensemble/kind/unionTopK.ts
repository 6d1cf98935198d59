/**
 * `ensemble: union_topk`, for members that tell their most probable next tokens alone, as endpoints do:
 * unionTopK/unionTopK.ts. Approximate, and every result says so.
 */

import * as z from 'zod';
import type { TokenExplanation } from '../explanation.ts';
import type { Member } from '../member.ts';
import { createUnionTopK, type UnionResponse } from '../unionTopK/unionTopK.ts';
import { defineKind } from './kind.ts';

export const unionTopK = defineKind({
  name: 'union_topk',
  summary: 'Approximate: the most probable next tokens that endpoints list, fused step by step.',
  tasks: ['text-generation'],
  needsAll: true,
  keys: {
    top_k: z.int().min(1).optional().describe('Tokens that each member lists; 5 unless given.'),
    max_tokens: z.int().min(1).optional().describe('Of a text; 256 unless given.'),
    list_api: z
      .enum(['chat', 'completions'])
      .optional()
      .describe('Of endpoints, for their lists; completions unless given.'),
    end_texts: z
      .array(z.string().min(1))
      .optional()
      .describe('How endpoints spell the end of a text in their lists, such as </s>.'),
  },
  create: (members, { top_k: topK, max_tokens: maxTokens, list_api: api, end_texts: endTexts }) => {
    const union = createUnionTopK(
      members.map(({ model, weight }) => ({
        ...{ model, weight },
        ...(api === undefined ? {} : { api }),
        ...(endTexts === undefined ? {} : { endTexts }),
      })),
      {
        ...(topK === undefined ? {} : { topK }),
        ...(maxTokens === undefined ? {} : { maxTokens }),
      },
    );
    return {
      respond: union,
      explain: async ({ text }, options = {}) =>
        explanationOf(members, await union.respond({ prompt: text }, options)),
    };
  },
});

function explanationOf(members: readonly Member[], response: UnionResponse): TokenExplanation {
  return {
    kind: 'tokens',
    text: response.text,
    unseen: response.unseen,
    steps: response.steps.map(({ text, atLeast, logProbabilities }) => ({
      token: text,
      logProbability: Math.log(atLeast),
      members: members.map(({ name, weight }, i) => ({
        ...{ member: name, weight },
        logProbability: logProbabilities[i] ?? Number.NEGATIVE_INFINITY,
      })),
      movedBy: [],
    })),
  };
}
