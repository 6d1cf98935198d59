/** `lmfuse fit <recipe> --data dev.tsv --out fitted.yml`: weights from data. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import Table from 'cli-table3';
import { type Command, Option } from 'commander';
import type { EnsembleModel } from '../ensemble/ensemble.ts';
import { fitLabelWeights, fitTokenWeights } from '../ensemble/fit/fitEnsemble.ts';
import type { WeightReport, WeightSettings } from '../ensemble/fit/weightReport.ts';
import type { FusionRecipe } from '../ensemble/recipe/parseFusion.ts';
import { writeFitted } from '../ensemble/recipe/writeFitted.ts';
import { badInput } from '../errors.ts';
import { writeTextFile } from '../io/writeTextFile.ts';
import { openRecipe } from '../open.ts';
import { type ColumnOverrides, parseColumnOverrides } from '../task/data/columns.ts';
import { type Example, readRecords } from '../task/data/readRecords.ts';
import type { CliContext } from './context.ts';
import { DENSE, plural, printable } from './format.ts';
import { withInterrupts } from './interrupts.ts';
import { createItemProgress } from './itemProgress.ts';
import { openOptionsOf } from './modelCommand.ts';
import { parseLimit, parseSeed } from './options.ts';

interface FitCommandOptions extends WeightSettings {
  readonly data?: string;
  readonly out: string;
  readonly columns?: ColumnOverrides;
  readonly folds: number;
  readonly seed: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly overwrite?: boolean;
}

const EXAMPLES = `
The weights that are written are fitted to all of the data; the loss beside
"fitted" is of weights that had not seen the item (cross-fitting), so it can be
held against the best member's. A fitted recipe is a model:
  lmfuse predict fitted.yml --input test.tsv

Examples:
  lmfuse fit sentiment.yml --data dev.tsv --out fitted.yml
  lmfuse fit mt.yml --data val.tsv --out mt.fitted.yml
  lmfuse fit sentiment.yml --data dev.tsv --out fitted.yml --method selection --loss error`;

export function addFitCommand(program: Command, context: CliContext): void {
  program
    .command('fit')
    .summary('fit the weights of an ensemble to data')
    .description('Fits the weights of a fusion recipe to data, and writes the recipe with them.')
    .argument('<recipe>', 'a fusion recipe')
    .option('-d, --data <file>', "labelled texts, or sources and targets (default: the recipe's)")
    .requiredOption('-o, --out <file>', 'the recipe to write')
    .option('--columns <names>', 'such as text=sentence,label=polarity', parseColumnOverrides)
    .addOption(
      new Option('--loss <loss>', 'what to make small').choices(['log_loss', 'brier', 'error']),
    )
    .addOption(
      new Option('--method <method>', 'the optimum, or greedy selection of members').choices([
        'optimum',
        'selection',
      ]),
    )
    .option('--temperature', 'also fit a temperature for each member')
    .option('--folds <k>', 'of cross-fitting', parseLimit, 5)
    .option('--seed <n>', 'of the folds', parseSeed, 0)
    .option('--overwrite', 'replace the file if it exists')
    .option('--json', 'print one JSON document')
    .option('-q, --quiet', 'no progress')
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: FitCommandOptions) => runFit(name, options, context));
}

async function runFit(
  name: string,
  options: FitCommandOptions,
  context: CliContext,
): Promise<void> {
  await withInterrupts(
    context,
    () => {},
    async (signal) => {
      const { recipe, path, model } = await openRecipe(name, openOptionsOf({}, context), true);
      const progress = createItemProgress(options.quiet ? undefined : context.stderr);
      try {
        const { onProgress } = { onProgress: progress.update };
        const found = await fitted(recipe, model, { ...options, signal, onProgress }, context);
        progress.stop();
        const text = writeFitted(await readFile(path, 'utf8'), found.numbers);
        const out = resolve(context.currentFolder, options.out);
        await writeTextFile(out, text, { overwrite: options.overwrite ?? false });
        context.stdout.write(`${show(model, found, name, options)}\n`);
      } finally {
        progress.stop();
        await model.close();
      }
    },
  );
}

interface Fitted {
  readonly report: WeightReport;
  readonly data: string;
  readonly what: string;
  readonly numbers: Parameters<typeof writeFitted>[1];
}

async function fitted(
  recipe: FusionRecipe,
  model: EnsembleModel,
  options: FitCommandOptions & {
    readonly signal: AbortSignal;
    readonly onProgress: (done: number, total: number) => void;
  },
  context: CliContext,
): Promise<Fitted> {
  const { kind, toFit } = recipe;
  if (!kind.fit) throw badInput(`${recipe.file}: an ensemble by ${kind.name} has nothing to fit`);
  const data = options.data ?? toFit?.fit;
  if (data === undefined)
    throw badInput(`${recipe.file}: say by --data what to fit the weights to`);
  const bytes = await readFile(resolve(context.currentFolder, data));
  const settings = { ...toFit, ...options };
  const input = { name: data, bytes: oneChunk(bytes) };
  const isLabels = model.task === 'text-classification';
  const fit = kind.fit(recipe.settings);
  const [report, what, count] = isLabels
    ? await fitLabels(model, input, options, settings, fit, recipe)
    : await fitTexts(model, input, options, settings, fit);
  const numbers = {
    weights: report.weights,
    temperatures: report.temperatures,
    settings: fit.pool === 'log_linear' ? { floor: 1e-12 } : {},
    fitted: {
      data,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      items: count,
      loss: report.lossName,
      cross_fitted_loss: report.crossFittedLoss,
      best_member: model.members[report.best]!.name,
      best_member_loss: report.memberLosses[report.best]!,
    },
  };
  return { report, data, what, numbers };
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

type FitArguments = Parameters<typeof fitLabelWeights>;
type Input = Parameters<typeof readRecords>[0];

async function fitLabels(
  model: EnsembleModel,
  input: Input,
  { columns }: FitCommandOptions,
  settings: FitArguments[4],
  fit: FitArguments[2],
  { settings: own }: FusionRecipe,
): Promise<[WeightReport, string, number]> {
  const items = await readRecords(input, { columns, required: ['text', 'label'] });
  const policy = own.labels === 'union' ? 'union' : 'same';
  const report = await fitLabelWeights(model.members, items, fit, policy, settings);
  return [report, plural(items.length, 'item'), items.length];
}

async function fitTexts(
  model: EnsembleModel,
  input: Input,
  { columns }: FitCommandOptions,
  settings: FitArguments[4],
  fit: FitArguments[2],
): Promise<[WeightReport, string, number]> {
  const examples = await textExamples(model, input, columns);
  const report = await fitTokenWeights(model.members, examples, fit, settings);
  const { itemCount, textCount } = report;
  const all = textCount === examples.length ? '' : ` (the first, of ${examples.length})`;
  const what = `${plural(itemCount, fit.perText ? 'text' : 'token')} of ${plural(textCount, 'text')}${all}`;
  return [report, what, textCount];
}

/** Sources and targets; or texts that a causal model is to find probable. */
async function textExamples(
  { task }: EnsembleModel,
  input: Input,
  columns: ColumnOverrides | undefined,
): Promise<{ readonly id: string; readonly source?: string; readonly target: string }[]> {
  if (task === 'translation') {
    return readRecords(input, { columns, required: ['source', 'target'] });
  }
  const rows: (Example & { readonly text: string })[] = await readRecords(input, {
    columns,
    required: ['text'],
  });
  return rows.map(({ id, text }) => ({ id, target: text }));
}

function show(
  { members }: EnsembleModel,
  { report, data, what, numbers }: Fitted,
  name: string,
  { json, out }: FitCommandOptions,
): string {
  if (json) {
    const rows = members.map((member, i) => ({
      member: member.name,
      weight: report.weights[i],
      temperature: report.temperatures?.[i],
      loss: report.memberLosses[i],
      error: report.memberErrors?.[i],
    }));
    return JSON.stringify(
      { recipe: name, out, members: rows, ...report, ...numbers.fitted },
      null,
      2,
    );
  }
  const columns = ['weight', 'temperature', report.lossName, 'error'].filter(
    (column) =>
      (column !== 'temperature' || report.temperatures) &&
      (column !== 'error' || report.memberErrors),
  );
  const table = new Table({ ...DENSE, head: ['', ...columns] });
  for (const row of rowsOf(
    members.map(({ name }) => name),
    report,
  )) {
    table.push([row.title, ...columns.map((column) => row.cells[column] ?? '')]);
  }
  return [
    table.toString(),
    `${what} of ${printable(data)}`,
    verdict(report),
    `written: ${printable(out)}`,
  ].join('\n');
}

interface ReportRow {
  readonly title: string;
  readonly cells: Readonly<Record<string, string | undefined>>;
}

function rowsOf(names: readonly string[], report: WeightReport): ReportRow[] {
  const row = (title: string, loss: number, error: number | undefined, own = {}): ReportRow => {
    const wrong = error === undefined ? undefined : `${(100 * error).toFixed(2)} %`;
    return { title, cells: { [report.lossName]: loss.toFixed(4), error: wrong, ...own } };
  };
  const members = names.map((name, i) =>
    row(
      printable(name) + (i === report.best ? ' (best)' : ''),
      report.memberLosses[i]!,
      report.memberErrors?.[i],
      {
        weight: report.weights[i]!.toFixed(4),
        temperature: report.temperatures?.[i]?.toPrecision(3),
      },
    ),
  );
  return [
    ...members,
    row('equal weights', report.uniformLoss, report.uniformError),
    row('fitted', report.crossFittedLoss, report.crossFittedError),
  ];
}

function verdict({ crossFittedLoss, memberLosses, best, uniformLoss }: WeightReport): string {
  const gain = memberLosses[best]! - crossFittedLoss;
  const beside = uniformLoss - crossFittedLoss;
  const first = `${gain > 0 ? 'Better' : 'No better'} than the best member by itself (${signed(gain)})`;
  return `${first}, ${beside > 0 ? 'better' : 'no better'} than equal weights (${signed(beside)}).`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
}
