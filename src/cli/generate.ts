/** `lmfuse generate` and `lmfuse translate`: texts written by a model. */

import { type Command, InvalidArgumentError } from 'commander';
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
import { predictionLine } from '../task/data/prediction.ts';
import { panelSummary, unseenNote } from './answerNotes.ts';
import type { CliContext } from './context.ts';
import {
  examplesOf,
  isForPeople,
  type ModelCommandOptions,
  modelCommand,
  runWithModel,
} from './modelCommand.ts';
import { parseLimit, parseSeed } from './options.ts';

interface GenerateOptions extends ModelCommandOptions {
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

const GENERATE_EXAMPLES = `
Without options a text is continued greedily. --temperature, --top-k, --top-p
and --min-p draw at random, the same for the same --seed; --beams searches.

Examples:
  lmfuse generate ./my-model "Once upon a time" --max-new-tokens 50
  lmfuse generate ./my-chat-model "Why is the sky blue?" --chat --temperature 0.7
  lmfuse generate ./my-model --input prompts.txt > texts.jsonl
  lmfuse generate http://localhost:8000/v1#my-llm "Hello"`;

const TRANSLATE_EXAMPLES = `
Prints {"id", "text", "logprob"} per line for data, whose column is "source".

Examples:
  lmfuse translate ./opus-mt-de-en "Ein Mann schläft." --beams 4
  lmfuse translate ./opus-mt-de-en --input test2016.tsv --columns source=de > en.jsonl`;

export function addGenerateCommand(program: Command, context: CliContext): void {
  writingOptions(modelCommand(program, 'generate'))
    .summary('continue texts')
    .description('Continues texts, or answers them as a chat.')
    .option('--chat', "answer as a chat, by the model's own template")
    .addHelpText('after', GENERATE_EXAMPLES)
    .action((name: string, texts: string[], options: GenerateOptions) =>
      runWriting(name, texts, 'text', options, context),
    );
}

export function addTranslateCommand(program: Command, context: CliContext): void {
  writingOptions(modelCommand(program, 'translate'))
    .summary('translate texts')
    .description('Translates texts, or rewrites them, by a sequence-to-sequence model.')
    .addHelpText('after', TRANSLATE_EXAMPLES)
    .action((name: string, texts: string[], options: GenerateOptions) =>
      runWriting(name, texts, 'source', options, context),
    );
}

function writingOptions(command: Command): Command {
  return command
    .option('--max-new-tokens <n>', 'longest text', parseLimit)
    .option('--temperature <t>', 'sharpness of the draw; 0 draws nothing', parseReal)
    .option('--top-k <k>', 'draw among the k most probable tokens', parseLimit)
    .option('--top-p <p>', 'draw among the fewest tokens of probability p together', parseReal)
    .option('--min-p <p>', 'draw among tokens of at least p times the best', parseReal)
    .option(
      '--repetition-penalty <x>',
      'above 1: tokens that were there are less probable',
      parseReal,
    )
    .option('--seed <n>', 'of the draw (default: 0)', parseSeed)
    .option('--beams <n>', 'search with so many beams', parseLimit)
    .option('--length-penalty <x>', 'of the search (default: 1)', parseReal)
    .option('--stop <text...>', 'end before one of these')
    .option('--batch <n>', 'texts at a time (default: 16)', parseLimit);
}

function parseReal(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('A number is expected.');
}

/** A written text, and the sum of its log-probabilities where the model tells. */
interface Written {
  readonly text: string;
  readonly logprob?: number | undefined;
}

type Write = (prompt: string, onText?: (piece: string) => void) => Promise<Written>;

async function runWriting(
  name: string,
  texts: readonly string[],
  column: 'text' | 'source',
  options: GenerateOptions,
  context: CliContext,
): Promise<void> {
  const examples = await examplesOf(texts, column, options, context);
  await runWithModel(name, options, context, async ({ model, request, missing, inParts }) => {
    assertKind(model, column);
    const canStream = model.next !== undefined || model.respond !== undefined;
    const isStreamed = canStream && isForPeople(texts, options) && texts.length === 1;
    if (isStreamed) {
      const write = writerOf(model, options, request, context);
      await write(texts[0]!, (piece) => void context.stdout.write(piece));
      context.stdout.write('\n');
      return;
    }
    await inParts(examples, async (part) => {
      const items = part.map((example) => ({ id: example.id, text: example[column] as string }));
      const written = await writeAll(model, items, options, request, context);
      part.forEach(({ id }, i) => {
        const { text, logprob } = written[i]!;
        const line = isForPeople(texts, options)
          ? text
          : predictionLine({
              id,
              text,
              ...(logprob === undefined ? {} : { logprob }),
              ...missing(),
            });
        context.stdout.write(`${line}\n`);
      });
    });
  });
}

function assertKind({ name, next }: LanguageModel, column: 'text' | 'source'): void {
  if (!next) return;
  if (column === 'source' && next.kind === 'causal') {
    throw badInput(`${name}: continues texts and does not translate them (lmfuse generate)`);
  }
  if (column === 'text' && next.kind === 'sequence_to_sequence') {
    throw badInput(`${name}: rewrites texts and does not continue them (lmfuse translate)`);
  }
}

async function writeAll(
  model: LanguageModel,
  items: readonly Item[],
  options: GenerateOptions,
  request: RequestOptions,
  context: CliContext,
): Promise<readonly Written[]> {
  const { next, write } = model;
  if (!next && write) {
    assertNoSettings(model, options);
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

/** Some models search by settings of their own, such as ensembles that choose among candidates. */
function assertNoSettings({ name }: LanguageModel, options: GenerateOptions): void {
  const [given] = Object.keys(settingsOf(options, {}));
  if (given === undefined) return;
  const option = given.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw badInput(`${name}: writes by settings of its own, and --${option} is none of them`);
}

const DEFAULT_BATCH = 16;

/** One text at a time, given out as it grows. */
function writerOf(
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
