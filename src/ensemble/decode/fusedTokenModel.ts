/**
 * Members that share a vocabulary as one token model, which every search of generation runs over:
 * greedy, sampling and beams, causal and sequence-to-sequence.
 */

import { inBatches } from '../../model/engine/batches.ts';
import type { RequestOptions, TokenModel } from '../../model/languageModel.ts';
import { askMembers } from '../askMembers.ts';
import { forceTexts, type GivenText } from './forced.ts';
import { type FusedStream, type FusionRule, openFusedStream } from './fusedStream.ts';
import type { TokenPool } from './tokenPool.ts';

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
    pool.isElementwise &&
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
  return texts.map((_, t) =>
    poolOfText(
      pool,
      answers.map(({ value }) => value[t]!),
      priors,
    ),
  );
}

/** @param said log-probabilities of the text's tokens, by each member */
function poolOfText(
  { pool, dynamic }: TokenPool,
  said: readonly Float64Array[],
  priors: readonly number[],
): Float64Array {
  const fused = new Float64Array(said[0]!.length);
  if (!dynamic) {
    if (fused.length > 0) pool(said, priors, fused.length, fused);
    return fused;
  }
  let weights = dynamic.begin(priors);
  for (let place = 0; place < fused.length; place++) {
    const here = said.map((member) => member.subarray(place, place + 1));
    pool(here, weights, 1, fused.subarray(place, place + 1));
    weights = dynamic.update(
      weights,
      here.map(([x]) => x!),
      priors,
    );
  }
  return fused;
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
