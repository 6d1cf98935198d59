/**
 * A model behind an OpenAI-compatible endpoint, named `http://localhost:8000/v1#model-name`. It
 * writes texts, scores given ones where its server can, and tells the most probable first tokens.
 *
 * It has no `next`, as a list of the most probable tokens is no distribution, and no tokenizer, so
 * that it cannot cut what is too long (`truncate`): the server's refusal is the error. Opening it
 * connects to nothing.
 */

import type { LanguageModel, Responder, TextScorer } from '../languageModel.ts';
import type { HttpApi } from './apiForm.ts';
import type { Connection } from './connection.ts';
import { parseHttpModelName } from './endpoint.ts';
import { type FirstTokenModel, httpFirstToken } from './firstToken.ts';
import { openTransport, type TransportOptions } from './request.ts';
import { httpResponder } from './respond.ts';
import { httpScorer } from './score.ts';
import { printableMessage } from './serverMessage.ts';

export interface HttpModelOptions extends TransportOptions {
  readonly name: string;
  /** Which of the server's APIs writes texts: `chat` unless said otherwise. */
  readonly api?: HttpApi;
  /** Asks for the log-probability of every text that is written. */
  readonly logProbabilities?: boolean;
  /** Some models of OpenAI know the longer name only. */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens';
}

export interface HttpModel extends LanguageModel, FirstTokenModel {
  /** Over `/completions`, whichever API writes texts; servers that cannot are refused when asked. */
  readonly score: TextScorer;
  readonly respond: Responder;
  /** Requests that are under way at once. */
  readonly concurrency: number;
  /** What the model said, for a message: short, in one line, without the key. */
  readonly printable: (text: string) => string;
}

export function openHttpModel(options: HttpModelOptions): HttpModel {
  const { name, api = 'chat', logProbabilities = false, maxTokensField = 'max_tokens' } = options;
  const endpoint = parseHttpModelName(name);
  const transport = openTransport(endpoint, options);
  const { model } = endpoint;
  const connection: Connection = { transport, model, api, maxTokensField, logProbabilities };
  return {
    name,
    score: httpScorer(connection),
    respond: httpResponder(connection),
    ...httpFirstToken(connection),
    concurrency: transport.concurrency,
    printable: (text) => printableMessage(text, transport.redact),
    close: async () => transport.close(),
  };
}
