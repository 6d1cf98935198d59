/** Texts written token by token, by a model with `next`: all of a request in one batch. */

import { generateText, type TextOptions } from '../model/generate/generateText.ts';
import type { TokenEvent } from '../model/generate/rowSearch.ts';
import type { LanguageModel, TokenModel } from '../model/languageModel.ts';
import { badRequest } from './apiError.ts';
import { MOST_TEXTS, type Sampling } from './schema/fields.ts';
import type { Call } from './service.ts';
import { createTokenLog, type LoggedToken } from './tokenLog.ts';
import {
  type Piece,
  type Prompt,
  stopsOf,
  usageOf,
  type Write,
  type WritingRequest,
  type WrittenChoice,
} from './writing.ts';

/** For models whose `next` is causal. */
export const writeTokens: Write = async (request, call, onPiece) => {
  const { model, signal } = call;
  const next = model.next!;
  const { n = 1 } = request.sampling;
  const inputs = request.prompts.map((prompt) => promptTokens(model, next, prompt));
  if (inputs.length * n > MOST_TEXTS) {
    throw badRequest(
      `n: ${inputs.length} prompts of ${n} texts, at most ${MOST_TEXTS}`,
      'bad_input',
    );
  }
  const recorder = createRecorder(next, inputs.length * n, request, onPiece);
  const found = await generateText(next, inputs, {
    ...{ ...settingsOf(request, call), signal },
    onText: (text, input, sample) => recorder.text(input * n + sample, text),
    ...(request.alternatives === undefined
      ? {}
      : { alternatives: request.alternatives, onToken: recorder.token }),
  });
  const texts = found.flatMap(({ hypotheses }) => hypotheses);
  const choices = texts.map(
    ({ text, finish }, choice): WrittenChoice => ({
      text,
      finish: finish === 'length' ? 'length' : 'stop',
      tokens: recorder.finish(choice, finish === 'stop'),
    }),
  );
  const written = texts.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const read = inputs.reduce((sum, tokens) => sum + tokens.length, 0);
  return { choices, usage: usageOf(read, written) };
};

function promptTokens(
  { chatPrompt }: LanguageModel,
  { tokenizer, vocabularySize }: TokenModel,
  prompt: Prompt,
): readonly number[] {
  const tokens = isTokens(prompt)
    ? prompt
    : typeof prompt === 'string'
      ? tokenizer.encode(prompt)
      : tokenizer.encode(chatPrompt!(prompt), { specialTokens: false });
  if (tokens.length === 0) throw badRequest('prompt: is empty', 'invalid_value', 'prompt');
  const wrong = tokens.find((token) => token >= vocabularySize);
  if (wrong === undefined) return tokens;
  throw badRequest(
    `prompt: ${wrong} is none of the model's ${vocabularySize} tokens`,
    ...(['invalid_value', 'prompt'] as const),
  );
}

function isTokens(prompt: Prompt): prompt is readonly number[] {
  return typeof prompt !== 'string' && typeof prompt[0] === 'number';
}

/** Greedy unless something is asked for that draws: as the command line has it. */
function settingsOf({ sampling, maxTokens }: WritingRequest, { drawSeed }: Call): TextOptions {
  const { temperature, n = 1 } = sampling;
  if (temperature === 0 && n > 1) {
    throw badRequest(`n: ${n}, but a text at temperature 0 is always the same`, 'bad_input', 'n');
  }
  const draws =
    temperature !== 0 && (n > 1 || DRAWING.some((name) => sampling[name] !== undefined));
  const asked = {
    maxNewTokens: maxTokens,
    temperature,
    topP: sampling.top_p,
    topK: sampling.top_k,
    minP: sampling.min_p,
    repetitionPenalty: sampling.repetition_penalty,
    seed: draws ? seedOf(sampling, drawSeed) : undefined,
  };
  const given = Object.entries(asked).filter(([, value]) => value !== undefined);
  const strategy = draws ? 'sample' : 'greedy';
  return { strategy, hypotheses: n, stop: stopsOf(sampling), ...Object.fromEntries(given) };
}

const DRAWING = ['temperature', 'top_p', 'top_k', 'min_p', 'seed'] as const;

/** Clients may name any integer. */
export function seedOf({ seed }: Pick<Sampling, 'seed'>, drawSeed: () => number): number {
  return seed === undefined ? drawSeed() : ((seed % 2 ** 32) + 2 ** 32) % 2 ** 32;
}

interface Recorder {
  readonly text: (choice: number, piece: string) => void;
  readonly token: (event: TokenEvent) => 'continue';
  /** All logged tokens of the text, without those of the stop string that cut it. */
  readonly finish: (choice: number, isCut: boolean) => readonly LoggedToken[];
}

/** A token's text comes before the token is told, so that a piece waits for its token. */
function createRecorder(
  next: TokenModel,
  count: number,
  { alternatives, sampling: { n = 1 } }: WritingRequest,
  onPiece: (piece: Piece) => void = () => {},
): Recorder {
  const isLogged = alternatives !== undefined;
  const choices = Array.from({ length: count }, () => ({
    log: createTokenLog(next.tokenizer),
    waiting: '',
    given: 0,
    tokens: [] as LoggedToken[],
  }));
  const give = (choice: number, end: number) => {
    const state = choices[choice]!;
    const { waiting: text, log } = state;
    const tokens = log.take(end);
    state.waiting = '';
    state.tokens.push(...tokens);
    if (text !== '' || tokens.length > 0) onPiece({ choice, text, tokens });
  };
  return {
    text(choice, piece) {
      const state = choices[choice]!;
      state.waiting += piece;
      state.given += piece.length;
      if (!isLogged) give(choice, 0);
    },
    token(event) {
      const choice = event.input * n + event.hypothesis;
      const { log, given } = choices[choice]!;
      if (event.finish !== 'end') log.push(event);
      give(choice, given);
      return 'continue';
    },
    finish(choice, isCut) {
      give(choice, isCut ? choices[choice]!.given : Number.POSITIVE_INFINITY);
      return choices[choice]!.tokens;
    },
  };
}
