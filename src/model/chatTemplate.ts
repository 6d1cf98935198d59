/**
 * A conversation as the text that a chat model continues: its template is a program in Jinja, which
 * @huggingface/jinja interprets; nothing of it reaches JavaScript's own evaluation.
 */

import { Template } from '@huggingface/jinja';
import type { JsonObject } from '../checkpoint/checkpoint.ts';
import { badInput } from '../errors.ts';
import type { ChatMessage } from './languageModel.ts';

export type ChatPrompt = (messages: readonly ChatMessage[]) => string;

/**
 * @param template content of chat_template.jinja, which counts before that of tokenizer_config.json
 * @param subject the model, for messages
 */
export function chatPromptOf(
  tokenizerConfig: JsonObject,
  template: string | undefined,
  subject: string,
): ChatPrompt | undefined {
  const source = template ?? templateIn(tokenizerConfig);
  if (source === undefined) return undefined;
  return (messages) => {
    try {
      return new Template(source).render({
        ...specialTokens(tokenizerConfig),
        messages: messages.map((message) => ({ ...message })),
        add_generation_prompt: true,
      });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw badInput(`${subject}: its chat template cannot be used: ${reason}`, cause);
    }
  };
}

/** One template, or the one named `default` of several. */
function templateIn({ chat_template: given }: JsonObject): string | undefined {
  if (typeof given === 'string') return given;
  const named = Array.isArray(given) ? (given as readonly JsonObject[]) : [];
  const { template } = named.find(({ name }) => name === 'default') ?? named[0] ?? {};
  return typeof template === 'string' ? template : undefined;
}

/** As templates call them: `bos_token`, `eos_token` and the like, which may be objects. */
function specialTokens(config: JsonObject): Record<string, string> {
  const tokens = Object.entries(config).flatMap(([name, value]) => {
    if (!name.endsWith('_token')) return [];
    const content = typeof value === 'object' ? (value as JsonObject | null)?.content : value;
    return typeof content === 'string' ? [[name, content]] : [];
  });
  return Object.fromEntries(tokens);
}
