/**
 * What commands that run a model share: the model's name, texts from the command line, a file or
 * standard input, progress, and closing the model whatever happens.
 */

import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { badInput } from '../errors.ts';
import type { Item, LanguageModel, RequestOptions } from '../model/languageModel.ts';
import { openModel } from '../open.ts';
import type { OpenModelOptions } from '../openOptions.ts';
import { type ColumnOverrides, parseColumnOverrides } from '../task/data/columns.ts';
import { DATA_FORMATS, type DataFormat, formatOfPath } from '../task/data/format.ts';
import type { NamedBytes } from '../task/data/input.ts';
import { type Example, readRecords } from '../task/data/readRecords.ts';
import { type CliContext, cacheFolderOf } from './context.ts';
import { printable } from './format.ts';
import { withInterrupts } from './interrupts.ts';
import { createItemProgress } from './itemProgress.ts';
import { parseLimit, parseThreads } from './options.ts';

export interface ModelCommandOptions {
  readonly input?: string;
  readonly format?: DataFormat;
  readonly columns?: ColumnOverrides;
  readonly truncate?: boolean | number;
  readonly threads?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly prompt?: string;
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  readonly onnxFile?: string;
}

/** `lmfuse <name> <model> [texts...]` with the options that all of them have. */
export function modelCommand(program: Command, name: string): Command {
  return program
    .command(name)
    .argument('<model>', 'folder, org/name, file or http://host/v1#model')
    .argument('[texts...]', 'texts; without any, those of --input or of standard input')
    .option('-i, --input <file>', 'data: .tsv, .csv, .jsonl or .txt, also .gz; - is standard input')
    .addOption(
      new Option('--format <format>', 'of the input, where its name does not tell').choices([
        ...DATA_FORMATS,
      ]),
    )
    .option('--columns <names>', 'such as text=sentence,label=polarity', parseColumnOverrides)
    .option(
      '--truncate [tokens]',
      'cut texts that are too long (or longer than so many tokens)',
      parseTruncate,
    )
    .option(
      '-j, --threads <n>',
      'threads of the runtime (default: one; all for a large model)',
      parseThreads,
    )
    .option('--onnx-file <name>', 'run this file of the folder onnx/, such as model_quantized')
    .option('--json', 'print one JSON object per line')
    .option('-q, --quiet', 'no progress');
}

function parseTruncate(text: string): number {
  const tokens = parseLimit(text);
  if (tokens > 0) return tokens;
  throw new InvalidArgumentError('A number of tokens from 1 is expected.');
}

export interface ModelRun {
  readonly model: LanguageModel;
  readonly request: RequestOptions;
  /** Members that the part under way had to do without, as a field of its results. */
  readonly missing: () => { readonly missing?: readonly string[] };
  /** Runs `each` on some items at a time, with progress. */
  readonly inParts: <T extends Example>(
    examples: readonly T[],
    each: (part: readonly T[]) => Promise<void>,
  ) => Promise<void>;
}

/** Opens the model, runs `action`, and closes the model. Ctrl-C stops it. */
export async function runWithModel(
  name: string,
  options: ModelCommandOptions,
  context: CliContext,
  action: (run: ModelRun) => Promise<void>,
): Promise<void> {
  const { stderr } = context;
  await withInterrupts(
    context,
    () => {},
    async (signal) => {
      const model = await openModel(name, openOptionsOf(options, context));
      const progress = createItemProgress(options.quiet ? undefined : stderr);
      try {
        const truncate = options.truncate ?? false;
        const absent = createAbsentees(context);
        await action({
          model,
          request: { signal, truncate, onMissing: absent.add },
          missing: absent.field,
          async inParts(examples, each) {
            for (let start = 0; start < examples.length; start += PART) {
              absent.clear();
              await each(examples.slice(start, start + PART));
              progress.update(Math.min(start + PART, examples.length), examples.length);
            }
          },
        });
      } finally {
        progress.stop();
        await model.close();
      }
    },
  );
}

/** Who was missing: told once on standard error, and with every result that it concerns. */
function createAbsentees({ stderr }: CliContext) {
  const told = new Set<string>();
  const now = new Set<string>();
  return {
    clear: () => now.clear(),
    field: () => (now.size === 0 ? {} : { missing: [...now] }),
    add: ({ member, reason }: { readonly member: string; readonly reason: string }) => {
      now.add(member);
      if (told.has(member)) return;
      told.add(member);
      stderr.write(`without ${printable(member)}: ${printable(reason)}\n`);
    },
  };
}

/** Where models are looked for, and how those behind HTTP are reached. */
export function openOptionsOf(options: ModelCommandOptions, context: CliContext): OpenModelOptions {
  const { env, currentFolder } = context;
  const apiKey = env.LMFUSE_API_KEY ?? env.OPENAI_API_KEY;
  return {
    currentFolder,
    cacheFolder: cacheFolderOf(context),
    ...(options.threads ? { threads: options.threads } : {}),
    ...(options.onnxFile === undefined ? {} : { onnxFile: options.onnxFile }),
    http: apiKey === undefined ? {} : { apiKey },
    ...labellingOf(options),
  };
}

/** Enough to fill several batches of like length, few enough to show progress. */
const PART = 256;

function labellingOf({ prompt, labels }: ModelCommandOptions) {
  if (prompt === undefined && labels === undefined) return {};
  if (prompt !== undefined && labels !== undefined) return { labelling: { prompt, labels } };
  throw badInput('--prompt and --labels go together: a prompt, and the words that answer it');
}

/** The examples of a command: its texts, or the input's, which must have the column. */
export async function examplesOf<Column extends 'text' | 'source'>(
  texts: readonly string[],
  column: Column,
  options: ModelCommandOptions,
  context: CliContext,
): Promise<(Example & { readonly [column in Column]: string })[]> {
  if (texts.length > 0) {
    if (options.input !== undefined) throw badInput('texts are given, and --input as well');
    return texts.map((text, i) => ({ id: String(i), extra: {}, [column]: text })) as never;
  }
  const { input = '-' } = options;
  if (input === '-' && context.stdin.isTTY) {
    throw badInput('no texts: give them as arguments, by --input, or through standard input');
  }
  if (input !== '-' && options.format === undefined) formatOfPath(input);
  const source = inputOf(input, context);
  const isLines =
    input === '-' ? (options.format ?? 'text') === 'text' : /\.txt(\.gz)?$/.test(input);
  const columns =
    isLines && column === 'source' ? { source: 'text', ...options.columns } : options.columns;
  return readRecords(source, { format: options.format, columns, required: [column] });
}

function inputOf(input: string, { stdin, currentFolder }: CliContext): NamedBytes {
  if (input === '-') return { name: 'standard input', bytes: stdin.bytes() };
  return { name: input, bytes: createReadStream(resolve(currentFolder, input)) };
}

export function itemsOf(examples: readonly (Example & { readonly text: string })[]): Item[] {
  return examples.map(({ id, text }) => ({ id, text }));
}

/** Texts from the command line are answered for people; all else, and --json, for machines. */
export function isForPeople(texts: readonly string[], { json }: ModelCommandOptions): boolean {
  return texts.length > 0 && !json;
}
