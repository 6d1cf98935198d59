/**
 * Texts that are to be written, whichever capability of the model writes them: what chats and
 * completions have in common, behind their own forms.
 */

import type { ChatMessage } from '../model/languageModel.ts';
import { badRequest } from './apiError.ts';
import type { Sampling } from './schema/fields.ts';
import type { Usage } from './schema/responses.ts';
import type { Call } from './service.ts';
import type { LoggedToken } from './tokenLog.ts';

export type Prompt = string | readonly number[] | readonly ChatMessage[];

export interface WritingRequest {
  readonly prompts: readonly Prompt[];
  readonly sampling: Sampling;
  readonly maxTokens: number | undefined;
  /** Tokens to tell besides each one; undefined: no log-probabilities at all. */
  readonly alternatives: number | undefined;
}

/** More of a text. */
export interface Piece {
  /** Place of the text: those of the first prompt come first. */
  readonly choice: number;
  readonly text: string;
  /** Where log-probabilities are asked for. */
  readonly tokens: readonly LoggedToken[];
}

export interface WrittenChoice {
  readonly text: string;
  readonly finish: 'stop' | 'length';
  readonly tokens: readonly LoggedToken[];
}

export interface Writing {
  readonly choices: readonly WrittenChoice[];
  readonly usage?: Usage;
}

export type Write = (
  request: WritingRequest,
  call: Call,
  onPiece?: (piece: Piece) => void,
) => Promise<Writing>;

/** Refuses what was asked for of a kind of model that cannot do it. */
export function refuseFields(
  { sampling, alternatives, maxTokens }: WritingRequest,
  names: readonly (keyof Sampling | 'logprobs' | 'max_tokens')[],
  reason: string,
): void {
  const given = { ...sampling, logprobs: alternatives, max_tokens: maxTokens };
  const wrong = names.find((name) => given[name] !== undefined);
  if (wrong === undefined) return;
  throw badRequest(`${wrong}: is not supported: ${reason}`, 'unsupported_parameter', wrong);
}

export function usageOf(promptTokens: number, completionTokens: number): Usage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

export function stopsOf({ stop = [] }: Sampling): readonly string[] {
  return typeof stop === 'string' ? [stop] : stop;
}
