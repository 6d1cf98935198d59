/**
 * How probable each candidate is to a member that need not have written it: teacher forcing, every
 * token predicted after those before it.
 *
 *   next    log p(text, end | item), of the text as the member's own tokenizer splits it
 *   score   log p(text), where a member knows texts but not items, such as an n-gram model
 *
 * A text can be the member's own and yet have another sum than when it was written: then it was
 * written in other tokens, or its end was forced.
 */

import { badInput } from '../../errors.ts';
import { fitInput } from '../../model/generate/fitInput.ts';
import type {
  Item,
  LanguageModel,
  RequestOptions,
  TextScore,
  TokenModel,
} from '../../model/languageModel.ts';
import type { ItemCandidates } from './candidate.ts';
import { memberError } from './memberCandidates.ts';
import { inputTokens } from './searchCandidates.ts';

/** One text with the item that it was written for. */
interface ItemText {
  readonly item: Item;
  readonly text: string;
}

/** [items][candidates]. Equal texts of an item are scored once. */
export async function memberScores(
  model: LanguageModel,
  items: readonly Item[],
  candidates: readonly ItemCandidates[],
  options: RequestOptions = {},
): Promise<readonly (readonly TextScore[])[]> {
  const texts = candidates.map((list) => [...new Set(list.map(({ text }) => text))]);
  const pairs = items.flatMap((item, i) => texts[i]!.map((text): ItemText => ({ item, text })));
  const scores = await scoresOf(model, pairs, options).catch((error: unknown) => {
    throw memberError(model.name, error);
  });
  let first = 0;
  return candidates.map((list, i) => {
    const own = new Map(texts[i]!.map((text, k) => [text, scores[first + k]!]));
    first += own.size;
    return list.map(({ text }) => own.get(text)!);
  });
}

async function scoresOf(
  { next, score }: LanguageModel,
  pairs: readonly ItemText[],
  options: RequestOptions,
): Promise<readonly TextScore[]> {
  if (!next && !score) throw badInput('it cannot score texts that others wrote');
  if (!next)
    return score!.scores(
      pairs.map(({ item: { id }, text }) => ({ id, text })),
      options,
    );
  const rows = pairs.map((pair, index) => forcedRow(next, pair, index, options));
  const { signal } = options;
  const logProbabilities = await next.continuationLogProbabilities(rows, signal ? { signal } : {});
  return logProbabilities.map((tokens) => ({
    logProbability: tokens.reduce((sum, x) => sum + x, 0),
    tokenCount: tokens.length,
  }));
}

function forcedRow(
  model: TokenModel,
  { item, text }: ItemText,
  index: number,
  options: RequestOptions,
) {
  const end = model.endTokens.slice(0, 1);
  const continuation = [...model.tokenizer.encode(text, { specialTokens: false }), ...end];
  const whole = inputTokens(model, item, options);
  const { truncate = false } = options;
  const { tokens: input, limit } = fitInput(model, whole, index, continuation.length, truncate);
  if (continuation.length <= limit) return { input, continuation };
  throw badInput(
    `item "${item.id}": a candidate has ${continuation.length} tokens, and the model has room for ${limit}`,
  );
}
