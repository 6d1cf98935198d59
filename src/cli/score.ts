/** `lmfuse score` and `lmfuse embed`: numbers about texts. */

import type { Command } from 'commander';
import { requireAbility } from '../model/abilities.ts';
import type { TextScore } from '../model/languageModel.ts';
import type { CliContext } from './context.ts';
import { isForPeople, itemsOf, type ModelCommandOptions, modelCommand } from './modelCommand.ts';
import { parseLimit } from './options.ts';
import { runOverTexts } from './overTexts.ts';

const SCORE_EXAMPLES = `
Prints {"id", "logprob", "tokens", "bytes", "perplexity", "bits_per_byte"} per
line, then the same of all texts together on standard error. The logarithm is
natural; perplexity depends on the tokenizer, bits per byte do not.

A text that is longer than the model reads is read in windows that overlap by
what --stride leaves: each token is scored once, after as much of the text as its
window has. Such lines have a field "windows", and standard error counts them.

Examples:
  lmfuse score ./my-model "The cat sat on the mat."
  lmfuse score ./my-model --input books.jsonl --stride 64
  lmfuse score model.arpa --input test.txt`;

const EMBED_EXAMPLES = `
The vector is the mean of the last layer's states.

Examples:
  lmfuse embed ./my-encoder "a text" --json
  lmfuse embed ./my-encoder --input texts.tsv > vectors.jsonl`;

export function addScoreCommand(program: Command, context: CliContext): void {
  modelCommand(program, 'score')
    .summary('tell how probable texts are')
    .description('Tells how probable texts are to a model.')
    .option('--stride <tokens>', 'between windows (default: half of what is read)', parseLimit)
    .addHelpText('after', SCORE_EXAMPLES)
    .action((name: string, texts: string[], options: ScoreOptions) =>
      runScore(name, texts, options, context),
    );
}

interface ScoreOptions extends ModelCommandOptions {
  readonly stride?: number;
}

interface Measured {
  readonly logprob: number;
  readonly tokens: number;
  readonly bytes: number;
}

async function runScore(
  name: string,
  texts: readonly string[],
  options: ScoreOptions,
  context: CliContext,
): Promise<void> {
  const { stride } = options;
  const asked = stride === undefined ? {} : { stride };
  const show = isForPeople(texts, options) ? describe : lineOf;
  const all: Measured[] = [];
  let windowed = 0;
  await runOverTexts(name, texts, options, context, ({ model, request }) => {
    const { scores } = requireAbility(model, 'score');
    return async (part) => {
      const found = await scores(itemsOf(part), { ...request, ...asked });
      for (const [i, score] of found.entries()) {
        const { id, text } = part[i]!;
        const measured = measuredOf(text, score);
        if ((score.windows ?? 1) > 1) windowed++;
        context.stdout.write(`${show(measured, id, score)}\n`);
        all.push(measured);
      }
    };
  });
  if (windowed > 0) {
    context.stderr.write(`longer than the model reads, so read in windows: ${windowed}\n`);
  }
  if (all.length > 1) context.stderr.write(`all: ${describe(sumOf(all))}\n`);
}

function measuredOf(text: string, { logProbability, tokenCount }: TextScore): Measured {
  const bytes = new TextEncoder().encode(text).length;
  return { logprob: logProbability, tokens: tokenCount, bytes };
}

function sumOf(all: readonly Measured[]): Measured {
  const sum = (field: keyof Measured) => all.reduce((total, each) => total + each[field], 0);
  return { logprob: sum('logprob'), tokens: sum('tokens'), bytes: sum('bytes') };
}

function lineOf(measured: Measured, id: string, { windows = 1 }: TextScore): string {
  const read = windows > 1 ? { windows } : {};
  return JSON.stringify({ id, ...measured, ...ratesOf(measured), ...read });
}

function ratesOf({ logprob, tokens, bytes }: Measured) {
  return {
    perplexity: tokens > 0 ? Math.exp(-logprob / tokens) : null,
    bits_per_byte: bytes > 0 ? -logprob / Math.LN2 / bytes : null,
  };
}

function describe(measured: Measured): string {
  const { perplexity, bits_per_byte: bits } = ratesOf(measured);
  const rates = [
    ...(perplexity === null ? [] : [`perplexity ${perplexity.toPrecision(4)}`]),
    ...(bits === null ? [] : [`${bits.toFixed(3)} bits per byte`]),
  ];
  return [
    `log-probability ${measured.logprob.toFixed(3)}`,
    `${measured.tokens} tokens`,
    ...rates,
  ].join(', ');
}

export function addEmbedCommand(program: Command, context: CliContext): void {
  modelCommand(program, 'embed')
    .summary('feature vectors of texts')
    .description('Turns texts into vectors.')
    .addHelpText('after', EMBED_EXAMPLES)
    .action((name: string, texts: string[], options: ModelCommandOptions) =>
      runEmbed(name, texts, options, context),
    );
}

async function runEmbed(
  name: string,
  texts: readonly string[],
  options: ModelCommandOptions,
  context: CliContext,
): Promise<void> {
  await runOverTexts(name, texts, options, context, ({ model, request }) => {
    const { vectors } = requireAbility(model, 'embed');
    return async (part) => {
      const found = await vectors(itemsOf(part), request);
      part.forEach(({ id }, i) => {
        context.stdout.write(`${JSON.stringify({ id, vector: [...found[i]!] })}\n`);
      });
    };
  });
}
