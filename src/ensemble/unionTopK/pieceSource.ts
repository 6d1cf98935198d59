/** Members of a top-k fusion: anything that can tell the most probable next pieces of a text. */

import { badInput } from '../../errors.ts';
import { type Candidate, offerRow } from '../../model/generate/candidates.ts';
import type { HttpApi } from '../../model/http/apiForm.ts';
import type { FirstTokenModel } from '../../model/http/firstToken.ts';
import type { LanguageModel, RequestOptions, TextRequest } from '../../model/languageModel.ts';
import { createSurfaces } from '../agreement/surface.ts';
import { END, type NextPiece } from './fusePieces.ts';

export interface UnionMember {
  /** Behind HTTP, or with a causal `next`. */
  readonly model: LanguageModel | (LanguageModel & FirstTokenModel);
  /** Positive; the members' weights are divided by their sum. */
  readonly weight: number;
  /**
   * Of a model behind HTTP: which API its server answers over, `completions` unless said otherwise.
   * Over `chat` the text so far is given as an unfinished turn of the assistant, which the server must
   * be one to continue.
   */
  readonly api?: HttpApi;
  /** Of a model behind HTTP: how its list spells the end of a text, such as `</s>`. */
  readonly endTexts?: readonly string[];
}

/** At most `topK` pieces that may follow `written`, which follows the prompt; most probable first. */
export type PieceSource = (
  prompt: TextRequest['prompt'],
  written: string,
  topK: number,
  options: RequestOptions,
) => Promise<readonly NextPiece[]>;

export function pieceSource(member: UnionMember): PieceSource {
  const { model } = member;
  if ('firstTokenLogProbabilities' in model) return httpSource(member, model);
  if (model.next?.kind === 'causal') return tokenSource(model);
  throw badInput(`model "${model.name}": it tells no next tokens, which top-k fusion is made of`);
}

function httpSource(
  { api = 'completions', endTexts = [] }: UnionMember,
  model: LanguageModel & FirstTokenModel,
): PieceSource {
  return async (prompt, written, topK, options) => {
    const whole = api === 'chat' ? turnsOf(prompt, written) : continued(model, prompt, written);
    const found = await model.firstTokenLogProbabilities(whole, topK, options);
    if (!found) {
      throw badInput(`model "${model.name}": its server gives no log-probabilities of tokens`);
    }
    return found.map(({ text, logProbability }) => ({
      text: endTexts.includes(text) ? END : text,
      logProbability,
    }));
  };
}

function turnsOf(prompt: TextRequest['prompt'], written: string): TextRequest['prompt'] {
  const turns = typeof prompt === 'string' ? [{ role: 'user', content: prompt } as const] : prompt;
  return written === '' ? turns : [...turns, { role: 'assistant', content: written }];
}

function continued(
  { name, chatPrompt }: LanguageModel,
  prompt: TextRequest['prompt'],
  written: string,
): string {
  if (typeof prompt === 'string') return prompt + written;
  if (chatPrompt) return chatPrompt(prompt) + written;
  throw badInput(`model "${name}": the prompt is a list of messages, and it has no chat template`);
}

/** The text so far is encoded anew at every step, as it is for a server. */
function tokenSource(model: LanguageModel): PieceSource {
  const next = model.next!;
  const surfaces = createSurfaces(next);
  return async (prompt, written, topK, options) => {
    const tokens = next.tokenizer.encode(continued(model, prompt, written));
    const stream = await next.start([tokens], options);
    try {
      const row = stream.logProbabilities().slice(0, next.vocabularySize);
      for (const token of next.bannedTokens) row[token] = Number.NEGATIVE_INFINITY;
      const best: Candidate[] = [];
      offerRow(best, topK, row, 0, 0);
      return best.map(({ token, logProbability }) => ({
        text: next.endTokens.includes(token)
          ? END
          : (surfaces.addition(surfaces.empty, token) ?? ''),
        logProbability,
      }));
    } finally {
      stream.close();
    }
  };
}
