/**
 * What a model behind HTTP might begin its answer with. It is a list of the most probable tokens, not
 * a distribution: what is not in it has a probability that is not known.
 */

import { badInput } from '../../errors.ts';
import type { RequestOptions, TextRequest } from '../languageModel.ts';
import { type Answer, type Place, refusal } from './answer.ts';
import { type AnswerPart, API_FORMS } from './apiForm.ts';
import type { Connection } from './connection.ts';
import { readWhole } from './parseAnswer.ts';
import type { TokenAlternative } from './tokenLogProbabilities.ts';

export interface FirstTokenModel {
  /**
   * At most `topK` tokens, the most probable first; undefined where the server gives no
   * log-probabilities.
   */
  readonly firstTokenLogProbabilities: (
    prompt: TextRequest['prompt'],
    topK: number,
    options?: RequestOptions,
  ) => Promise<readonly TokenAlternative[] | undefined>;
}

export function httpFirstToken(connection: Connection): FirstTokenModel {
  const { api, model, maxTokensField, transport } = connection;
  const form = API_FORMS[api];
  return {
    async firstTokenLogProbabilities(prompt, topK, { signal } = {}) {
      if (!Number.isInteger(topK) || topK < 1) {
        throw badInput(`topK is ${topK}, not a whole number from 1`);
      }
      const body = {
        model,
        ...form.promptFields(prompt),
        [maxTokensField]: 1,
        // Some servers report probabilities after the temperature; at 1 they are the model's own.
        temperature: 1,
        ...form.logProbabilityFields(topK),
      };
      const { path } = form;
      const read = async (answer: Answer) =>
        alternativesOf(await readWhole(answer, api), topK, answer);
      return transport.post({ path, body, read, signal });
    },
  };
}

function alternativesOf(
  { text, tokens }: AnswerPart,
  topK: number,
  place: Place,
): readonly TokenAlternative[] | undefined {
  if (tokens?.length === 0 && text === '') {
    throw refusal(place, 'ended its answer before a first token');
  }
  // Some servers add the token that was drawn, though others are more probable.
  const alternatives = tokens?.[0]?.alternatives.slice(0, topK) ?? [];
  return alternatives.length === 0 ? undefined : alternatives;
}
