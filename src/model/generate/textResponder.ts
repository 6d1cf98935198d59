/**
 * A model whose tokens are at hand, as one that answers requests for texts like an endpoint: so that
 * local models and endpoints can be asked alike.
 *
 * A model with a chat template takes a plain prompt for what a user says, as chat endpoints do. One
 * without continues the prompt (or rewrites it, if it is a sequence-to-sequence model), and takes of
 * conversations only those that are one message of a user.
 */

import { badInput } from '../../errors.ts';
import type {
  ChatMessage,
  LanguageModel,
  Responder,
  TextRequest,
  TextResponse,
  TokenModel,
} from '../languageModel.ts';
import { generateText, type TextHypothesis, type TextOptions } from './generateText.ts';

/** The model's own `respond`, else one over its `next`; undefined where it has neither. */
export function responderOf(model: LanguageModel): Responder | undefined {
  if (model.respond) return model.respond;
  return model.next && textResponder(model, model.next);
}

function textResponder(model: LanguageModel, next: TokenModel): Responder {
  return {
    async respond(request, { onText, ...options } = {}) {
      const input = inputOf(model, next, request.prompt);
      const [generation] = await generateText(next, [input], {
        ...options,
        ...textOptions(request),
        ...(onText ? { onText } : {}),
      });
      return responseOf(generation!.hypotheses[0]!, input.length);
    },
  };
}

/** A template writes the special tokens itself. */
function inputOf(
  { name, chatPrompt }: LanguageModel,
  { tokenizer }: TokenModel,
  prompt: TextRequest['prompt'],
): readonly number[] {
  if (chatPrompt) return tokenizer.encode(chatPrompt(messagesOf(prompt)), { specialTokens: false });
  if (typeof prompt === 'string') return tokenizer.encode(prompt);
  const [only, ...others] = prompt;
  if (only?.role === 'user' && others.length === 0) return tokenizer.encode(only.content);
  throw badInput(
    `model "${name}": has no chat template, so that it takes one message of a user, not ${prompt.length} of ${rolesOf(prompt)}`,
  );
}

function messagesOf(prompt: TextRequest['prompt']): readonly ChatMessage[] {
  return typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt;
}

function rolesOf(messages: readonly ChatMessage[]): string {
  return [...new Set(messages.map(({ role }) => role))].join(', ') || 'nobody';
}

function textOptions({ maxTokens, temperature, topP, seed, stop }: TextRequest): TextOptions {
  return {
    ...(maxTokens === undefined ? {} : { maxNewTokens: maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop }),
  };
}

function responseOf(
  { text, finish, tokens, sumLogProb }: TextHypothesis,
  inputTokens: number,
): TextResponse {
  return {
    text,
    finish: finish === 'length' ? 'length' : 'stop',
    inputTokens,
    outputTokens: tokens.length,
    logProbability: sumLogProb,
  };
}
