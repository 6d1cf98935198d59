/** Writes texts by whatever a model can: token by token, by answers, or by settings of its own. */

import type { PanelResponse } from '../ensemble/panel/report.ts';
import type { UnionResponse } from '../ensemble/unionTopK/unionTopK.ts';
import { badInput } from '../errors.ts';
import { requireAbility } from '../model/abilities.ts';
import { generateText, type TextOptions } from '../model/generate/generateText.ts';
import type {
  ChatMessage,
  Item,
  LanguageModel,
  RequestOptions,
  TextResponse,
} from '../model/languageModel.ts';
import { panelSummary, unseenNote } from './answerNotes.ts';
import type { CliContext } from './context.ts';
import type { ModelCommandOptions } from './modelCommand.ts';

export interface GenerateOptions extends ModelCommandOptions {
  readonly maxNewTokens?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly seed?: number;
  readonly beams?: number;
  readonly lengthPenalty?: number;
  readonly stop?: string[];
  readonly chat?: boolean;
  readonly batch?: number;
}

/** A written text, and the sum of its log-probabilities where the model tells. */
interface Written {
  readonly text: string;
  readonly logprob?: number | undefined;
}

type Write = (prompt: string, onText?: (piece: string) => void) => Promise<Written>;

export async function writeAll(
  model: LanguageModel,
  items: readonly Item[],
  options: GenerateOptions,
  request: RequestOptions,
  context: CliContext,
): Promise<readonly Written[]> {
  const { next, write } = model;
  if (!next && write) {
    assertSettings(model, options, []);
    const texts = await write.texts(items, request);
    return texts.map(({ text, logProbability: logprob }) => ({ text, logprob }));
  }
  const prompts = items.map(({ text }) => text);
  if (!next)
    return Promise.all(prompts.map((prompt) => writerOf(model, options, request, context)(prompt)));
  const size = options.batch || DEFAULT_BATCH;
  const written: Written[] = [];
  for (let start = 0; start < prompts.length; start += size) {
    const inputs = prompts
      .slice(start, start + size)
      .map((prompt) => promptOf(model, prompt, options));
    const found = await generateText(next, inputs, settingsOf(options, request));
    for (const { hypotheses } of found) {
      const [best] = hypotheses;
      written.push({ text: best?.text ?? '', logprob: best?.sumLogProb });
    }
  }
  return written;
}

/** An option that the model would pass over is a mistake, not a wish. */
function assertSettings(
  { name }: LanguageModel,
  options: GenerateOptions,
  known: readonly string[],
): void {
  const given = Object.keys(settingsOf(options, {})).find((each) => !known.includes(each));
  if (given === undefined) return;
  const option = given.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw badInput(`${name}: writes by settings of its own, and --${option} is none of them`);
}

/** What an endpoint can be told. */
const REQUEST_SETTINGS = ['maxNewTokens', 'temperature', 'topP', 'seed', 'stop'];

const DEFAULT_BATCH = 16;

/** One text at a time, given out as it grows. */
export function writerOf(
  model: LanguageModel,
  options: GenerateOptions,
  request: RequestOptions,
  context: CliContext,
): Write {
  const { next } = model;
  if (next) {
    return async (prompt, onText) => {
      const [found] = await generateText(next, [promptOf(model, prompt, options)], {
        ...settingsOf(options, request),
        ...(onText ? { onText } : {}),
      });
      const [best] = found!.hypotheses;
      return { text: best?.text ?? '', logprob: best?.sumLogProb };
    };
  }
  const { respond } = requireAbility(model, 'respond');
  assertSettings(model, options, REQUEST_SETTINGS);
  return async (prompt, onText) => {
    const { maxNewTokens: maxTokens, temperature, topP, seed, stop } = options;
    const asked = { maxTokens, temperature, topP, seed, stop };
    const given = Object.entries(asked).filter(([, value]) => value !== undefined);
    const response = await respond(
      { prompt, ...Object.fromEntries(given) },
      { ...request, ...(onText ? { onText } : {}) },
    );
    if (isPanelResponse(response)) context.stderr.write(`${panelSummary(response.report)}\n`);
    if (isUnionResponse(response)) context.stderr.write(`${unseenNote(response.unseen)}\n`);
    return { text: response.text, logprob: response.logProbability };
  };
}

function isUnionResponse(response: TextResponse): response is UnionResponse {
  return 'approximate' in response;
}

function isPanelResponse(response: TextResponse): response is PanelResponse {
  return 'report' in response;
}

function promptOf(
  model: LanguageModel,
  prompt: string,
  { chat }: GenerateOptions,
): string | readonly number[] {
  if (!chat) return prompt;
  const messages: ChatMessage[] = [{ role: 'user', content: prompt }];
  const text = model.chatPrompt?.(messages);
  if (text === undefined) throw badInput(`${model.name}: has no chat template`);
  return model.next!.tokenizer.encode(text, { specialTokens: false });
}

function settingsOf(options: GenerateOptions, request: RequestOptions): TextOptions {
  const names = [
    'maxNewTokens',
    'temperature',
    'topK',
    'topP',
    'minP',
    'repetitionPenalty',
    'seed',
    'beams',
    'lengthPenalty',
    'stop',
  ] as const;
  const given = names.filter((name) => options[name] !== undefined);
  return { ...request, ...Object.fromEntries(given.map((name) => [name, options[name]])) };
}
