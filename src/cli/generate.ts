/** `lmfuse generate` and `lmfuse translate`: texts written by a model. */

import { type Command, InvalidArgumentError } from 'commander';
import { badInput } from '../errors.ts';
import type { LanguageModel } from '../model/languageModel.ts';
import { predictionLine } from '../task/data/prediction.ts';
import type { CliContext } from './context.ts';
import { examplesOf, isForPeople, modelCommand, runWithModel } from './modelCommand.ts';
import { parseLimit, parseSeed } from './options.ts';
import { type GenerateOptions, writeAll, writerOf } from './writing.ts';

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
