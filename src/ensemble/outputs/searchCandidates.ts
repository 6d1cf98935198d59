/**
 * The candidates of a model whose tokens are in reach: first the best of a beam search, then samples.
 * A sample depends on the seed, the item's tokens and its number alone, not on the batch.
 */

import { inBatches } from '../../model/engine/batches.ts';
import { generateText } from '../../model/generate/generateText.ts';
import type { GenerationOptions } from '../../model/generate/options.ts';
import type { Item, RequestOptions, TokenModel } from '../../model/languageModel.ts';
import { tooManyTokens } from '../../model/textTokenizer.ts';
import { type Candidate, type CandidateSettings, countsOf } from './candidate.ts';

/** A list per item. `member` is the model's name. */
export async function searchCandidates(
  model: TokenModel,
  member: string,
  items: readonly Item[],
  settings: CandidateSettings,
  options: RequestOptions,
): Promise<readonly Candidate[][]> {
  const searches = searchesOf(settings, model);
  const rows = Math.max(...searches.map(({ beams = 1, hypotheses = 1 }) => beams * hypotheses));
  return inBatches(
    items.map((item) => inputTokens(model, item, options)),
    (input) => input.length * rows,
    async (batch) => {
      const found: Candidate[][] = batch.map(() => []);
      for (const search of searches) {
        const generations = await generateText(model, batch, { ...search, ...options });
        generations.forEach(({ hypotheses }, i) => {
          for (const { text, sumLogProb, tokens } of hypotheses) {
            const tokenCount = tokens.length;
            found[i]!.push({ text, member, logProbability: sumLogProb, tokenCount });
          }
        });
      }
      return found;
    },
    options,
  );
}

function searchesOf(settings: CandidateSettings, { defaults }: TokenModel): GenerationOptions[] {
  const { best, samples } = countsOf(settings);
  const { maxNewTokens, lengthPenalty, temperature, topK, topP, minP } = settings;
  const length = given({ maxNewTokens });
  const beams = settings.beams ?? Math.max(best, defaults.beams ?? 1);
  const beam = { beams, hypotheses: best, ...length, ...given({ lengthPenalty }) };
  const seed = settings.seed ?? 0;
  const cuts = given({ temperature, topK, topP, minP });
  const sample = { seed, hypotheses: samples, ...length, ...cuts };
  return [
    ...(best > 0 ? [{ ...beam, strategy: 'beam' as const }] : []),
    ...(samples > 0 ? [{ ...sample, strategy: 'sample' as const }] : []),
  ];
}

/** Without what is undefined, which the model's own defaults stand for. */
function given<Key extends string>(
  values: Readonly<Record<Key, number | undefined>>,
): { readonly [K in Key]?: number } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { readonly [K in Key]?: number };
}

/** Refused here, where the item is known, and not as some input of a batch. */
export function inputTokens(
  { kind, tokenizer, maxTokens = Number.POSITIVE_INFINITY }: TokenModel,
  { id, text }: Item,
  { truncate }: RequestOptions,
): number[] {
  const tokens = tokenizer.encode(text);
  const most = kind === 'causal' ? maxTokens - 1 : maxTokens;
  if (truncate || tokens.length <= most) return tokens;
  throw tooManyTokens(id, tokens.length, 'the model', most);
}
