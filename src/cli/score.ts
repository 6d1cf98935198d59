/** `lmfuse score` and `lmfuse embed`: numbers about texts. */

import type { Command } from 'commander';
import { requireAbility } from '../model/abilities.ts';
import type { CliContext } from './context.ts';
import {
  examplesOf,
  isForPeople,
  itemsOf,
  type ModelCommandOptions,
  modelCommand,
  runWithModel,
} from './modelCommand.ts';

const SCORE_EXAMPLES = `
Prints {"id", "logprob", "tokens", "bytes", "perplexity", "bits_per_byte"} per
line, then the same of all texts together on standard error. The logarithm is
natural; perplexity depends on the tokenizer, bits per byte do not.

Examples:
  lmfuse score ./my-model "The cat sat on the mat."
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
    .addHelpText('after', SCORE_EXAMPLES)
    .action((name: string, texts: string[], options: ModelCommandOptions) =>
      runScore(name, texts, options, context),
    );
}

interface Measured {
  readonly logprob: number;
  readonly tokens: number;
  readonly bytes: number;
}

async function runScore(
  name: string,
  texts: readonly string[],
  options: ModelCommandOptions,
  context: CliContext,
): Promise<void> {
  const examples = await examplesOf(texts, 'text', options, context);
  await runWithModel(name, options, context, async ({ model, request, inParts }) => {
    const scorer = requireAbility(model, 'score');
    const total = { logprob: 0, tokens: 0, bytes: 0 };
    await inParts(examples, async (part) => {
      const scores = await scorer.scores(itemsOf(part), request);
      part.forEach(({ id, text }, i) => {
        const { logProbability: logprob, tokenCount: tokens } = scores[i]!;
        const measured = { logprob, tokens, bytes: new TextEncoder().encode(text).length };
        total.logprob += measured.logprob;
        total.tokens += measured.tokens;
        total.bytes += measured.bytes;
        const line = isForPeople(texts, options)
          ? describe(measured)
          : JSON.stringify({ id, ...measured, ...ratesOf(measured) });
        context.stdout.write(`${line}\n`);
      });
    });
    if (examples.length > 1) context.stderr.write(`all: ${describe(total)}\n`);
  });
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
  const examples = await examplesOf(texts, 'text', options, context);
  await runWithModel(name, options, context, async ({ model, request, inParts }) => {
    const embedder = requireAbility(model, 'embed');
    await inParts(examples, async (part) => {
      const vectors = await embedder.vectors(itemsOf(part), request);
      part.forEach(({ id }, i) => {
        context.stdout.write(`${JSON.stringify({ id, vector: [...vectors[i]!] })}\n`);
      });
    });
  });
}
