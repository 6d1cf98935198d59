/** Texts written by a model behind HTTP. */

import type { Responder, TextRequest, TextResponse } from '../languageModel.ts';
import { refusal } from './answer.ts';
import { type AnswerPart, API_FORMS } from './apiForm.ts';
import type { Connection } from './connection.ts';
import { readWhole } from './parseAnswer.ts';
import { joinParts, readStreamed } from './streamedAnswer.ts';
import { sumLogProbabilities } from './tokenLogProbabilities.ts';

export function httpResponder(connection: Connection): Responder {
  const { api, transport } = connection;
  const { path } = API_FORMS[api];
  return {
    async respond(request, { signal, onText } = {}) {
      let delivered = false;
      const deliver = (piece: string) => {
        delivered = true;
        onText?.(piece);
      };
      const isStream = onText !== undefined;
      const answer = await transport.post({
        path,
        body: bodyOf(request, connection, isStream),
        isStream,
        read: (answer) => (isStream ? readStreamed(answer, api, deliver) : readWhole(answer, api)),
        hasDelivered: () => delivered,
        signal,
      });
      return responseOf(answer, transport.urlOf(path));
    },
  };
}

/** JSON leaves out what is undefined: the server's own defaults hold. */
function bodyOf(request: TextRequest, connection: Connection, isStream: boolean): object {
  const { api, model, maxTokensField, logProbabilities } = connection;
  const form = API_FORMS[api];
  return {
    model,
    ...form.promptFields(request.prompt),
    [maxTokensField]: request.maxTokens,
    temperature: request.temperature,
    top_p: request.topP,
    seed: request.seed,
    stop: request.stop?.length ? request.stop : undefined,
    ...(logProbabilities ? form.logProbabilityFields(0) : {}),
    ...(isStream ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

function responseOf(answer: AnswerPart, url: string): TextResponse {
  const { text, usage, finish } = answer;
  // Part of an answer, or none, is not what the model said.
  if (finish === 'content_filter') {
    throw refusal({ url }, 'the answer was withheld by a content filter');
  }
  const { tokens } = joinParts([answer]);
  const logProbability = tokens && sumLogProbabilities(tokens);
  return {
    text,
    finish: finish === 'length' || finish === 'max_tokens' ? 'length' : 'stop',
    ...usage,
    ...(logProbability === undefined ? {} : { logProbability }),
  };
}
