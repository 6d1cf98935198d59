/**
 * Probabilities of given texts: a request to continue a text by nothing and to echo it with the
 * log-probabilities of its tokens. Few servers can; of those that cannot, some continue the text
 * instead, and their numbers would look like scores.
 */

import { badInput, FusionError } from '../../errors.ts';
import type { TextScore, TextScorer } from '../languageModel.ts';
import { type Place, refusal } from './answer.ts';
import { type AnswerPart, API_FORMS } from './apiForm.ts';
import type { Connection } from './connection.ts';
import { askForEach } from './eachItem.ts';
import { readWhole } from './parseAnswer.ts';
import { sumLogProbabilities } from './tokenLogProbabilities.ts';

const FORM = API_FORMS.completions;

export function httpScorer(connection: Connection): TextScorer {
  const { concurrency } = connection.transport;
  return {
    scores: (items, { signal } = {}) =>
      askForEach(items, concurrency, signal, ({ text }, signal) =>
        scoreText(text, connection, signal),
      ),
  };
}

async function scoreText(
  text: string,
  { transport, model }: Connection,
  signal: AbortSignal,
): Promise<TextScore> {
  if (text === '') return { logProbability: 0, tokenCount: 0 };
  const ask = { echo: true, max_tokens: 0, ...FORM.logProbabilityFields(1) };
  try {
    return await transport.post({
      path: FORM.path,
      body: { model, prompt: text, ...ask },
      read: async (answer) => scoreOf(text, await readWhole(answer, 'completions'), answer),
      signal,
    });
  } catch (error) {
    throw asUnscored(error);
  }
}

function scoreOf(text: string, answer: AnswerPart, place: Place): TextScore {
  if (answer.text !== text) {
    throw refusal(
      place,
      `answered a text of ${answer.text.length} characters instead of the ${text.length} to be scored`,
    );
  }
  const tokens = answer.tokens ?? [];
  if (tokens.length === 0) throw refusal(place, 'echoed the text without log-probabilities');
  const predicted = tokens[0]?.logProbability === undefined ? tokens.slice(1) : tokens;
  const logProbability = sumLogProbabilities(predicted);
  if (logProbability === undefined) {
    throw refusal(place, 'echoed the text with log-probabilities of some tokens only');
  }
  return { logProbability, tokenCount: predicted.length };
}

function asUnscored(error: unknown): unknown {
  if (!(error instanceof FusionError) || error.code !== 'bad_input') return error;
  return badInput(
    `scores need a server that echoes a text with log-probabilities (echo, logprobs, max_tokens: 0): ${error.message}`,
  );
}
