/** `lmfuse predict <model> [texts...]`: labels and their probabilities. */

import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { requireAbility } from '../model/abilities.ts';
import { type LabelPrediction, labelPrediction, predictionLine } from '../task/data/prediction.ts';
import type { Example } from '../task/data/readRecords.ts';
import type { CliContext } from './context.ts';
import { printable } from './format.ts';
import { isForPeople, itemsOf, type ModelCommandOptions, modelCommand } from './modelCommand.ts';
import { runOverTexts } from './overTexts.ts';

const EXAMPLES = `
Prints {"id", "label", "probabilities"} per line, in the order of the input;
where the data has labels, standard error tells how many are right. A file of
such lines is a model again: lmfuse predict predictions.jsonl --input test.tsv

Examples:
  lmfuse predict ./sentiment-model "a great film" "a waste of time"
  lmfuse predict ./sentiment-model --input test.tsv > predictions.jsonl
  lmfuse predict http://localhost:8000/v1#my-llm --input test.tsv \\
    --prompt "Review: {text}\\nThe review is" --labels "negative=bad,positive=good"`;

export function addPredictCommand(program: Command, context: CliContext): void {
  modelCommand(program, 'predict')
    .summary('label texts')
    .description('Labels texts by a classifier.')
    .option('--prompt <text>', 'for a model behind HTTP: a prompt with {text} in it')
    .option('--labels <words>', 'and the words that stand for each label', parseLabels)
    .addHelpText('after', EXAMPLES)
    .action((name: string, texts: string[], options: ModelCommandOptions) =>
      runPredict(name, texts, options, context),
    );
}

/** `negative=bad|poor,positive=good` */
function parseLabels(text: string): Record<string, readonly string[]> {
  const pairs = text.split(',').map((pair) => pair.split('='));
  if (pairs.every(([label, words]) => label && words)) {
    return Object.fromEntries(pairs.map(([label, words]) => [label!.trim(), words!.split('|')]));
  }
  throw new InvalidArgumentError('Labels are written as negative=bad|poor,positive=good.');
}

async function runPredict(
  name: string,
  texts: readonly string[],
  options: ModelCommandOptions,
  context: CliContext,
): Promise<void> {
  const show = isForPeople(texts, options) ? describe : predictionLine;
  let right = 0;
  const examples = await runOverTexts(name, texts, options, context, (run) => {
    const { labels, logProbabilities } = requireAbility(run.model, 'classify');
    return async (part) => {
      const rows = await logProbabilities(itemsOf(part), run.request);
      part.forEach((example, i) => {
        const prediction = { ...labelPrediction(example.id, labels, rows[i]!), ...run.missing() };
        if (prediction.label === example.label) right++;
        context.stdout.write(`${show(prediction)}\n`);
      });
    };
  });
  reportAccuracy(examples, right, context);
}

function describe({ label, probabilities = {} }: LabelPrediction): string {
  const all = Object.entries(probabilities).sort(([, a], [, b]) => b - a);
  const shares = all.map(([name, p]) => `${printable(name)} ${(100 * p).toFixed(1)} %`);
  return `${printable(label)}  (${shares.join(', ')})`;
}

function reportAccuracy(examples: readonly Example[], right: number, { stderr }: CliContext): void {
  const labelled = examples.filter(({ label }) => label !== undefined).length;
  if (labelled === 0) return;
  const share = ((100 * right) / labelled).toFixed(1);
  stderr.write(`accuracy ${share} % (${right} of ${labelled} right)\n`);
}
