/**
 * Continuations of inputs by any `TokenModel`, a fused one included: greedy, sampled or by beam
 * search. All inputs run in one batch; how many fit into memory is for the caller to say.
 */

import { throwIfAborted } from '../abort.ts';
import type { RequestOptions, TokenModel } from '../languageModel.ts';
import { beamSearch } from './beamSearch.ts';
import { fitInput } from './fitInput.ts';
import type { Generation } from './hypothesis.ts';
import { type GenerationOptions, type GenerationSettings, resolveOptions } from './options.ts';
import { greedySearch, type SearchInput, sampleSearch } from './rowSearch.ts';
import { createRules } from './rules.ts';
import { createSampler } from './sampler.ts';
import { runSearches, type Search } from './search.ts';

/** One generation per input, in their order. */
export async function generate(
  model: TokenModel,
  inputs: readonly (readonly number[])[],
  options: GenerationOptions = {},
): Promise<readonly Generation[]> {
  const settings = resolveOptions(options, model);
  const searchInputs = inputs.map((tokens, index) =>
    searchInput(model, tokens, index, settings, options.truncate ?? false),
  );
  throwIfAborted(options.signal);
  if (inputs.length === 0) return [];
  const request = requestOf(options);
  const stream = await model.start(
    searchInputs.map(({ tokens }) => tokens),
    request,
  );
  try {
    throwIfAborted(options.signal);
    const searches = createSearches(model, searchInputs, settings);
    await runSearches(stream, searches, model.vocabularySize, request);
    return searches.map((search) => ({ hypotheses: search.result() }));
  } finally {
    stream.close();
  }
}

/** What a stream is told with every step. */
function requestOf({ signal, onMissing }: RequestOptions): RequestOptions {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(onMissing === undefined ? {} : { onMissing }),
  };
}

function searchInput(
  model: TokenModel,
  input: readonly number[],
  index: number,
  { maxNewTokens }: GenerationSettings,
  truncate: boolean | number,
): SearchInput {
  const { tokens, limit } = fitInput(model, input, index, maxNewTokens, truncate);
  return { index, tokens, prompt: model.kind === 'causal' ? tokens : [], limit };
}

function createSearches(
  { vocabularySize }: TokenModel,
  inputs: readonly SearchInput[],
  settings: GenerationSettings,
): readonly Search[] {
  const rules = createRules(settings, vocabularySize);
  if (settings.strategy === 'beam')
    return inputs.map((input) => beamSearch(settings, rules, input));
  if (settings.strategy === 'greedy') {
    return inputs.map((input) => greedySearch(settings, rules, input));
  }
  const sampler = createSampler(settings.sampling, vocabularySize);
  return inputs.map((input) => sampleSearch(settings, rules, input, sampler));
}
