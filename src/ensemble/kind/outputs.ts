/** `ensemble: mbr | rerank`: one of the texts that the members wrote is chosen; outputs/ says how. */

import * as z from 'zod';
import type { FusionError } from '../../errors.ts';
import { requireAbility } from '../../model/abilities.ts';
import type { RequestOptions } from '../../model/languageModel.ts';
import { closedObject } from '../../recipe/closedObject.ts';
import type { TextMetric } from '../../task/metrics/metric.ts';
import { METRICS, metricOfKind } from '../../task/metrics/registry.ts';
import type { Explain } from '../explanation.ts';
import type { FailurePolicy, Member } from '../member.ts';
import type { CandidateSettings } from '../outputs/candidate.ts';
import { explainOutputs } from '../outputs/explainOutputs.ts';
import type { OnMemberFailure, OutputMember } from '../outputs/gatherCandidates.ts';
import type { OutputsSettings } from '../outputs/outputsSettings.ts';
import { assertOutputsSettings } from '../outputs/outputsSettings.ts';
import { type Capabilities, defineKind, type EnsembleContext } from './kind.ts';

const TEXT_METRICS = METRICS.filter(({ kind }) => kind === 'texts').map(({ name }) => name);

const candidatesSchema = closedObject({
  best: z.int().min(0).optional().describe('Hypotheses of a beam search; 4 unless given.'),
  beams: z.int().min(1).optional().describe('Of that search.'),
  samples: z.int().min(0).optional().describe('Drawn at random, the same for the same seed.'),
  seed: z.int().min(0).optional().describe('Of the samples.'),
  temperature: z.number().positive().optional().describe('Of the samples.'),
  top_k: z.int().min(0).optional().describe('Samples are drawn among the k most probable tokens.'),
  top_p: z.number().gt(0).max(1).optional().describe('Or among the fewest of this probability.'),
  max_new_tokens: z.int().min(1).optional().describe('The longest text.'),
  length_penalty: z.number().optional().describe('Of the beam search.'),
});

const common = {
  candidates: candidatesSchema.optional().describe('What each member proposes for an item.'),
  utility: z
    .enum(TEXT_METRICS as [string, ...string[]])
    .optional()
    .describe('How alike two texts are; chrf unless given.'),
  weighting: z
    .enum(['uniform', 'probability'])
    .optional()
    .describe("How much a candidate counts as a reference: its member's share, or by probability."),
  count_self: z.boolean().optional().describe('Whether a candidate is its own reference; true.'),
};

export const mbr = defineKind({
  name: 'mbr',
  summary: 'Of the texts that members wrote, the one that is most like all the others.',
  tasks: ['translation', 'text-generation'],
  keys: common,
  create: (members, keys, context) =>
    chosen(members, { method: 'mbr', ...sharedSettings(keys) }, context),
});

export const rerank = defineKind({
  name: 'rerank',
  summary: 'Of the texts that members wrote, the best by weighted features.',
  tasks: ['translation', 'text-generation'],
  keys: {
    ...common,
    features: z
      .record(z.string(), z.number())
      .optional()
      .describe('Weights: mbr, log_probability, score:MEMBER, length_ratio, members, prior.'),
    length_penalty: z.number().optional().describe('Of log-probabilities; 1, that is per token.'),
    standardise: z.boolean().optional().describe('Over the candidates of each item.'),
  },
  create: (members, { features = { mbr: 1 }, length_penalty, standardise, ...keys }, context) =>
    chosen(
      members,
      {
        method: 'rerank',
        weights: features,
        ...(length_penalty === undefined ? {} : { lengthPenalty: length_penalty }),
        ...(standardise === undefined ? {} : { standardise }),
        ...sharedSettings(keys),
      },
      context,
    ),
});

type CommonKeys = z.output<z.ZodObject<typeof common>>;

/** As outputs/ spells what a recipe says of candidates and of their likeness. */
function sharedSettings({ candidates, utility, weighting, count_self }: CommonKeys) {
  return {
    ...(candidates ? { candidates: candidateSettings(candidates) } : {}),
    mbr: {
      utility: metricOfKind(utility ?? 'chrf', 'texts') as TextMetric,
      weighting: weighting ?? 'uniform',
      ...(count_self === undefined ? {} : { countSelf: count_self }),
    },
  } as const;
}

function candidateSettings(given: z.output<typeof candidatesSchema>): CandidateSettings {
  const { top_k, top_p, max_new_tokens, length_penalty, ...rest } = given;
  const renamed = {
    topK: top_k,
    topP: top_p,
    maxNewTokens: max_new_tokens,
    lengthPenalty: length_penalty,
    ...rest,
  };
  return Object.fromEntries(Object.entries(renamed).filter(([, value]) => value !== undefined));
}

function chosen(
  members: readonly Member[],
  settings: OutputsSettings,
  { onFailure }: EnsembleContext,
): Capabilities {
  for (const { model } of members) {
    if (!model.next && !model.respond) requireAbility(model, 'write');
  }
  const outputs = outputMembers(members);
  assertOutputsSettings(outputs, settings);
  const forRequest = (options: RequestOptions) => ({
    ...settings,
    ...failureListener(onFailure, members.length, options),
  });
  const explain: Explain = async (item, options = {}) => {
    const [output] = await explainOutputs(outputs, forRequest(options), [item], options);
    const candidates = output!.candidates.map(({ text, member, isChosen, score, features }) => ({
      ...{ text, members: [member], isChosen },
      scores: { score, ...features },
    }));
    return { kind: 'texts', text: output!.text, candidates };
  };
  return {
    write: {
      texts: async (items, options = {}) => {
        const found = await explainOutputs(outputs, forRequest(options), items, options);
        return found.map(({ text }) => ({ text }));
      },
    },
    explain,
  };
}

/** Under the names that the recipe has for them. */
function outputMembers(members: readonly Member[]): OutputMember[] {
  return members.map(({ name, model, weight }) => ({ model: { ...model, name }, weight }));
}

function failureListener(
  policy: FailurePolicy,
  memberCount: number,
  { onMissing }: RequestOptions,
): { readonly onMemberFailure?: OnMemberFailure } {
  if (policy === 'error') return {};
  const needed = policy === 'drop' ? 1 : policy.quorum;
  let left = memberCount;
  return {
    onMemberFailure(error: FusionError, member: string) {
      left--;
      if (left < needed) throw error;
      onMissing?.({ member, reason: error.message });
    },
  };
}
