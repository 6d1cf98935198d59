/**
 * Agreement-based beam search: models with different tokenizers write one text together. Every model
 * scores it in its own tokens, and all must agree on its characters. Not a mixture of distributions
 * (bytes can be mixed exactly), but a product: the log-linear pool of whole texts, one tokenization
 * of each at a time.
 *
 *   S_i      sum of the log-probabilities of member i's tokens t_i, its end token included
 *   score    sum_i w_i S_i / |t_i|^a,   w_i > 0, sum_i w_i = 1, a the length penalty
 *
 * It is the one score of this search. It orders the states at every step and the texts at the end,
 * and by it the search stops. Every member is normalised by its own number of tokens, so that one with
 * short tokens has no more to say than its weight.
 *
 *   - Two copies of a model score a text as it does alone.
 *   - A result's score follows from its members' log-probabilities, and its members' tokens decode to
 *     its text, character by character.
 *   - With a = 0, or earlyStopping 'never', no state that was kept when the search stopped could have
 *     become better than the worst result; earlyStopping false takes running scores as they are.
 *   - If no state was ever left out, the first result is the best of all texts in all tokenizations.
 *
 * A state's members may have come differently far in the text. Those ahead wait for the others; on a
 * level, all write at once; and they end together. So every agreeing tuple of tokenizations is reached
 * in exactly one way, but for tokens that show nothing at the end of a text.
 *
 * R. Wicks, K. Ravisankar, X. Yang, P. Koehn, M. Post, "Token-level Ensembling of Models with
 * Different Vocabularies", arXiv:2502.21265. Beams, candidates and the pool: model/generate/beamSearch.ts.
 */

import { throwIfAborted } from '../../model/abort.ts';
import { type Finish, type Hypothesis, hypothesisOf } from '../../model/generate/hypothesis.ts';
import { runSearches } from './batch.ts';
import { type Finished, itemSearch } from './itemSearch.ts';
import { createMemberRows } from './memberRows.ts';
import {
  type AgreementItem,
  type AgreementMember,
  type AgreementSettings,
  resolveSettings,
} from './settings.ts';
import { isEndToken, tokensOf, type Writer, type WriterInput } from './state.ts';
import { createWriters, writerInputs } from './writers.ts';

/** What a member wrote, its end token included. */
export type MemberTokens = Pick<Hypothesis, 'tokens' | 'logProbabilities' | 'sumLogProb'>;

export interface AgreedHypothesis {
  /** Without end tokens. Of causal models the continuation alone. */
  readonly text: string;
  readonly score: number;
  /** `length`: a member reached its maximum, perhaps with an end token that was forced there. */
  readonly finish: Finish;
  /** In the order of the members. */
  readonly members: readonly MemberTokens[];
}

export interface AgreedGeneration {
  /** Best first; empty where the members agreed on no text within their lengths and beams. */
  readonly hypotheses: readonly AgreedHypothesis[];
}

/** One generation per item, in their order. All run in one batch. */
export async function agreementSearch(
  members: readonly AgreementMember[],
  items: readonly AgreementItem[],
  settings: AgreementSettings = {},
): Promise<readonly AgreedGeneration[]> {
  const resolved = resolveSettings(members, settings);
  const writers = createWriters(members);
  const inputs = items.map((item, index) => writerInputs(members, item, index, resolved));
  throwIfAborted(settings.signal);
  if (items.length === 0) return [];
  const options = settings.signal === undefined ? {} : { signal: settings.signal };
  const rows = members.map(({ model }) => createMemberRows(model, options));
  const searches = inputs.map((each) => itemSearch(writers, each, resolved));
  try {
    await runSearches(rows, searches, inputs, settings.signal);
  } finally {
    for (const { close } of rows) close();
  }
  return searches.map((search, item) => ({
    hypotheses: search
      .finished()
      .slice(0, resolved.hypotheses)
      .map((finished) => agreedHypothesis(writers, inputs[item]!, finished)),
  }));
}

function agreedHypothesis(
  writers: readonly Writer[],
  inputs: readonly WriterInput[],
  { paths, score, finish }: Finished,
): AgreedHypothesis {
  const [writer] = writers as readonly [Writer];
  const last = paths[0];
  const isEnd = last && isEndToken(writer, last.previous, last.token, inputs[0]!.limit);
  const text = writer.surfaces.whole(tokensOf(isEnd ? last.previous : last));
  const members = paths.map((path): MemberTokens => {
    const { tokens, logProbabilities, sumLogProb } = hypothesisOf(path!, 1, finish);
    return { tokens, logProbabilities, sumLogProb };
  });
  return { text, score, finish, members };
}
