/**
 * What may be asked of generation, and the one place where it is checked and completed.
 *
 * The strategy is the one named, else a beam search where beams are asked for, else sampling where
 * any of its options is given, else what the checkpoint's own defaults say of beams, else greedy. A
 * checkpoint's defaults never make a result random; its temperature and cuts are used once sampling is
 * chosen. Temperature 0 means no randomness, as HTTP endpoints have it: the other options of sampling
 * then change nothing.
 */

import { badInput } from '../../errors.ts';
import type { RequestOptions, TokenModel } from '../languageModel.ts';
import type { EarlyStopping } from './beamSearch.ts';
import type { TokenListener } from './rowSearch.ts';
import type { RuleSettings } from './rules.ts';
import type { SamplingSettings } from './sampler.ts';

export type Strategy = 'greedy' | 'sample' | 'beam';

export interface GenerationOptions extends RequestOptions {
  readonly strategy?: Strategy;
  readonly maxNewTokens?: number;
  /** Tokens that must come before an end token. */
  readonly minNewTokens?: number;
  /** Besides those that the model bans itself. */
  readonly bannedTokens?: readonly number[];
  /** Written as the last of `maxNewTokens` (forced_eos_token_id: Marian, BART). */
  readonly forcedEndToken?: number;
  /** Above 1 makes a token that was written before less probable; see rules.ts. */
  readonly repetitionPenalty?: number;
  /** Results per input: samples, or the best of the beams. */
  readonly hypotheses?: number;
  readonly temperature?: number;
  /** 0: no cut. */
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly seed?: number;
  readonly beams?: number;
  readonly lengthPenalty?: number;
  readonly earlyStopping?: EarlyStopping;
  /** Hears of every token of a greedy search or a sample, and may end its text there. */
  readonly onToken?: TokenListener;
  /** The most probable tokens of each place that `onToken` is told; 0 unless said otherwise. */
  readonly alternatives?: number;
}

export interface GenerationSettings extends RuleSettings {
  readonly strategy: Strategy;
  readonly maxNewTokens: number;
  readonly hypotheses: number;
  readonly sampling: SamplingSettings;
  readonly beams: number;
  readonly lengthPenalty: number;
  readonly earlyStopping: EarlyStopping;
  readonly alternatives: number;
  readonly onToken: TokenListener | undefined;
}

const SAMPLING_OPTIONS = ['temperature', 'topK', 'topP', 'minP', 'seed'] as const;
const BEAM_OPTIONS = ['beams', 'lengthPenalty', 'earlyStopping'] as const;

/** Where neither the caller nor the checkpoint sets a maximum: some paragraphs. */
const DEFAULT_NEW_TOKENS = 256;
const DEFAULT_BEAMS = 4;

export function resolveOptions(options: GenerationOptions, model: TokenModel): GenerationSettings {
  assertNumbers(options);
  const strategy = strategyOf(options, model);
  const beams = strategy === 'beam' ? beamsOf(options, model) : 1;
  const { defaults } = model;
  const settings: GenerationSettings = {
    strategy,
    maxNewTokens: options.maxNewTokens ?? defaults.maxNewTokens ?? DEFAULT_NEW_TOKENS,
    minNewTokens: options.minNewTokens ?? 0,
    bannedTokens: [...model.bannedTokens, ...(options.bannedTokens ?? [])],
    endTokens: model.endTokens,
    forcedEndToken: options.forcedEndToken ?? defaults.forcedEndToken,
    repetitionPenalty: options.repetitionPenalty ?? 1,
    hypotheses: options.hypotheses ?? 1,
    sampling: samplingOf(options, model),
    beams,
    lengthPenalty: options.lengthPenalty ?? defaults.lengthPenalty ?? 1,
    earlyStopping: options.earlyStopping ?? defaults.earlyStopping ?? false,
    alternatives: options.alternatives ?? 0,
    onToken: options.onToken,
  };
  assertAgreement(options, settings);
  assertTokens(settings, model.vocabularySize);
  return settings;
}

function strategyOf(options: GenerationOptions, { defaults }: TokenModel): Strategy {
  const { strategy, beams, temperature } = options;
  if (strategy !== undefined) return strategy;
  if (beams !== undefined && beams > 1) return 'beam';
  if (temperature !== 0 && firstGiven(options, SAMPLING_OPTIONS) !== undefined) return 'sample';
  return beams === undefined && (defaults.beams ?? 1) > 1 ? 'beam' : 'greedy';
}

function beamsOf({ beams }: GenerationOptions, { defaults }: TokenModel): number {
  return beams ?? ((defaults.beams ?? 1) > 1 ? defaults.beams! : DEFAULT_BEAMS);
}

function samplingOf(options: GenerationOptions, { defaults }: TokenModel): SamplingSettings {
  const topK = options.topK ?? defaults.topK ?? 0;
  const topP = options.topP ?? defaults.topP ?? 1;
  const minP = options.minP ?? 0;
  return {
    temperature: options.temperature ?? defaults.temperature ?? 1,
    topK: topK === 0 ? undefined : topK,
    topP: topP === 1 ? undefined : topP,
    minP: minP === 0 ? undefined : minP,
    seed: options.seed ?? 0,
  };
}

/** Options that mean nothing under the strategy are a mistake, not a wish to be passed over. */
function assertAgreement(options: GenerationOptions, settings: GenerationSettings): void {
  const { strategy, hypotheses, beams, minNewTokens, maxNewTokens } = settings;
  const drawn = options.temperature === 0 ? undefined : firstGiven(options, SAMPLING_OPTIONS);
  if (strategy !== 'sample' && drawn !== undefined) {
    throw badInput(`${drawn}: an option of sampling, but the strategy is ${strategy}`);
  }
  const ranked = options.beams === 1 ? undefined : firstGiven(options, BEAM_OPTIONS);
  if (strategy !== 'beam' && ranked !== undefined) {
    throw badInput(`${ranked}: an option of beam search, but the strategy is ${strategy}`);
  }
  if (strategy === 'sample' && settings.sampling.temperature === 0) {
    throw badInput('temperature: 0 leaves nothing to sample; use the strategy greedy');
  }
  if (strategy === 'greedy' && hypotheses > 1) {
    throw badInput(`hypotheses: ${hypotheses}, but a greedy search finds 1`);
  }
  if (strategy === 'beam' && hypotheses > beams) {
    throw badInput(`hypotheses: ${hypotheses}, but there are ${beams} beams`);
  }
  if (strategy === 'beam' && settings.onToken !== undefined) {
    throw badInput('onToken: the tokens of a beam search are not known before its end');
  }
  if (settings.alternatives > 0 && settings.onToken === undefined) {
    throw badInput(
      `alternatives: ${settings.alternatives}, but there is no onToken to hear of them`,
    );
  }
  if (minNewTokens > maxNewTokens) {
    throw badInput(`minNewTokens: ${minNewTokens}, but maxNewTokens is ${maxNewTokens}`);
  }
}

function firstGiven(
  options: GenerationOptions,
  names: readonly (keyof GenerationOptions)[],
): string | undefined {
  return names.find((name) => options[name] !== undefined);
}

/** Of each numeric option: whether a value will do, and what would. */
const NUMBERS = {
  maxNewTokens: [isCount, 'a positive integer'],
  minNewTokens: [isCountOrZero, 'an integer from 0'],
  repetitionPenalty: [isPositive, 'a positive number'],
  hypotheses: [isCount, 'a positive integer'],
  temperature: [(x: number) => x === 0 || isPositive(x), 'a number from 0'],
  topK: [isCountOrZero, 'an integer from 0'],
  topP: [(x: number) => x > 0 && x <= 1, 'above 0 and at most 1'],
  minP: [(x: number) => x >= 0 && x <= 1, 'from 0 to 1'],
  seed: [(x: number) => isCountOrZero(x) && x < 2 ** 32, `an integer from 0 to ${2 ** 32 - 1}`],
  beams: [isCount, 'a positive integer'],
  lengthPenalty: [Number.isFinite, 'a finite number'],
  alternatives: [isCountOrZero, 'an integer from 0'],
} as const;

function assertNumbers(options: GenerationOptions): void {
  for (const name of Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]) {
    const value = options[name];
    const [isRight, expected] = NUMBERS[name];
    if (value !== undefined && !isRight(value))
      throw badInput(`${name}: ${value} is not ${expected}`);
  }
}

function isCount(x: number): boolean {
  return Number.isSafeInteger(x) && x > 0;
}

function isCountOrZero(x: number): boolean {
  return x === 0 || isCount(x);
}

function isPositive(x: number): boolean {
  return x > 0 && Number.isFinite(x);
}

function assertTokens(
  { bannedTokens, forcedEndToken }: GenerationSettings,
  vocabularySize: number,
): void {
  const forced = forcedEndToken === undefined ? [] : [forcedEndToken];
  for (const [name, tokens] of [
    ['bannedTokens', bannedTokens],
    ['forcedEndToken', forced],
  ] as const) {
    const wrong = tokens.find((token) => !isCountOrZero(token) || token >= vocabularySize);
    if (wrong === undefined) continue;
    throw badInput(`${name}: ${wrong} is none of the model's ${vocabularySize} tokens`);
  }
}
