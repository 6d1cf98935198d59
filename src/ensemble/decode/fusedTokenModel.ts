/**
 * Members that share a vocabulary as one token model, which every search of generation runs over:
 * greedy, sampling and beams, causal and sequence-to-sequence.
 */

import { inBatches } from '../../model/engine/batches.ts';
import type { RequestOptions, TokenModel } from '../../model/languageModel.ts';
import { askMembers } from '../askMembers.ts';
import { forceTexts, type GivenText } from './forced.ts';
import { type FusedStream, type FusionRule, openFusedStream } from './fusedStream.ts';

export interface FusedTokenModel extends TokenModel {
  readonly start: (
    inputs: readonly (readonly number[])[],
    options?: RequestOptions,
  ) => Promise<FusedStream>;
}

export function fusedTokenModel(rule: FusionRule): FusedTokenModel {
  const models = rule.members.map(({ model }) => model.next!);
  const [first] = models as [TokenModel];
  const limits = models.flatMap(({ maxTokens }) => (maxTokens === undefined ? [] : [maxTokens]));
  const start = (inputs: readonly (readonly number[])[], options?: RequestOptions) =>
    openFusedStream(rule, inputs, options);
  const score = canScoreAtOnce(rule) ? scoreAtOnce : scoreByStep;
  return {
    kind: first.kind,
    tokenizer: first.tokenizer,
    ...(first.beginning === undefined ? {} : { beginning: first.beginning }),
    vocabularySize: rule.size,
    maxTokens: limits.length === 0 ? undefined : Math.min(...limits),
    endTokens: union(models.map(({ endTokens }) => endTokens)),
    bannedTokens: union(models.map(({ bannedTokens }) => bannedTokens)),
    defaults: first.defaults,
    start,
    continuationLogProbabilities: (texts, options = {}) =>
      inBatches(
        texts,
        ({ input, continuation }) => input.length + continuation.length,
        (batch) => score(rule, batch, options),
        options,
      ),
  };
}

function union(lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())];
}

/** A token's fused probability follows from the members' of that token, unless a sum over all is in it. */
function canScoreAtOnce({ pool, members, size }: FusionRule): boolean {
  return (
    pool.ofToken !== undefined &&
    members.every(
      ({ model, temperature }) => temperature === 1 && model.next!.vocabularySize === size,
    )
  );
}

async function scoreAtOnce(
  { members, policy, pool }: FusionRule,
  texts: readonly GivenText[],
  options: RequestOptions,
): Promise<Float64Array[]> {
  const answers = await askMembers(
    members,
    policy,
    ({ model }) => model.next!.continuationLogProbabilities(texts, options),
    options,
  );
  const priors = answers.map(({ member }) => member.weight);
  return texts.map(({ continuation }, t) => {
    let weights: readonly number[] = priors;
    return Float64Array.from(continuation, (_, place) => {
      const said = answers.map(({ value }) => value[t]![place]!);
      const fused = pool.ofToken!(said, weights);
      if (pool.update) weights = pool.update(weights, said, priors);
      return fused;
    });
  });
}

async function scoreByStep(
  rule: FusionRule,
  texts: readonly GivenText[],
  options: RequestOptions,
): Promise<Float64Array[]> {
  const found = texts.map(({ continuation }) => new Float64Array(continuation.length));
  await forceTexts(
    (inputs, given) => openFusedStream(rule, inputs, given),
    texts,
    (stream, row, text, place, token) => {
      found[text]![place] = stream.logProbabilities()[row * rule.size + token]!;
    },
    options,
  );
  return found;
}
