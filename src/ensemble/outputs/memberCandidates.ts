/**
 * Candidates of one member, each as it can.
 *
 *   next      the best of a beam search, or samples, or both
 *   write     the one text that it has for the item, as a file of predictions does
 *   respond   as many answers as best and samples together: an endpoint has no beams to look into
 *
 * A text that comes twice stays twice, since it is then twice the evidence. Not: which text is chosen
 * (mbr.ts, rerank.ts).
 */

import { badInput, FusionError } from '../../errors.ts';
import { askForEach } from '../../model/http/eachItem.ts';
import type {
  Item,
  LanguageModel,
  RequestOptions,
  Responder,
  TextRequest,
  Writer,
} from '../../model/languageModel.ts';
import {
  type Candidate,
  type CandidateSettings,
  countsOf,
  type ItemCandidates,
} from './candidate.ts';
import { searchCandidates } from './searchCandidates.ts';

const DEFAULT_CONCURRENCY = 16;

/** A list per item, none empty. Whatever fails is a `FusionError` that names the member. */
export async function memberCandidates(
  model: LanguageModel,
  items: readonly Item[],
  settings: CandidateSettings = {},
  options: RequestOptions = {},
): Promise<readonly ItemCandidates[]> {
  const { name, next, write, respond } = model;
  try {
    if (next) return await searchCandidates(next, name, items, settings, options);
    if (write) return await writtenCandidates(write, name, items, options);
    if (respond) return await answeredCandidates(respond, name, items, settings, options);
    throw badInput('it writes no texts, so it can propose none');
  } catch (error) {
    throw memberError(name, error);
  }
}

/** What a member threw, with its name in front and its code kept. */
export function memberError(name: string, error: unknown): FusionError {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof FusionError ? error.code : 'internal';
  return new FusionError(code, `member "${name}": ${message}`, { cause: error });
}

async function writtenCandidates(
  writer: Writer,
  member: string,
  items: readonly Item[],
  options: RequestOptions,
): Promise<readonly ItemCandidates[]> {
  const texts = await writer.texts(items, options);
  return texts.map((written) => [{ ...written, member }]);
}

async function answeredCandidates(
  responder: Responder,
  member: string,
  items: readonly Item[],
  settings: CandidateSettings,
  { signal }: RequestOptions,
): Promise<readonly ItemCandidates[]> {
  const { best, samples } = countsOf(settings);
  const count = best + samples;
  const requests = items.flatMap(({ text }) =>
    Array.from({ length: count }, (_, sample) => requestOf(text, settings, sample)),
  );
  const { concurrency = DEFAULT_CONCURRENCY } = settings;
  const candidates = await askForEach(requests, concurrency, signal, async (request, signal) => {
    const { text, logProbability, outputTokens } = await responder.respond(request, { signal });
    return {
      text,
      member,
      ...(logProbability === undefined ? {} : { logProbability }),
      ...(outputTokens === undefined ? {} : { tokenCount: outputTokens }),
    } satisfies Candidate;
  });
  return items.map((_, i) => candidates.slice(i * count, (i + 1) * count));
}

/** Cuts that the interface of endpoints does not have are left out: top-k and min-p. */
function requestOf(
  prompt: string,
  { maxNewTokens, temperature, topP, seed = 0 }: CandidateSettings,
  sample: number,
): TextRequest {
  return {
    prompt,
    seed: seed + sample,
    ...(maxNewTokens === undefined ? {} : { maxTokens: maxNewTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
  };
}
