/** Weights of a pool fitted to data, and the table that shows them. */

import Table from 'cli-table3';
import type { EnsembleModel } from '../ensemble/ensemble.ts';
import { fitLabelWeights, fitTokenWeights } from '../ensemble/fit/fitEnsemble.ts';
import type { WeightReport } from '../ensemble/fit/weightReport.ts';
import type { WeightFit } from '../ensemble/kind/kind.ts';
import type { FusionRecipe } from '../ensemble/recipe/parseFusion.ts';
import { DEFAULT_FLOOR } from '../ensemble/weights/logLinearWeights.ts';
import { badInput } from '../errors.ts';
import { readRecords } from '../task/data/readRecords.ts';
import type { CliContext } from './context.ts';
import { type FitData, type FitRequest, type Fitted, fitData, textExamples } from './fitData.ts';
import { DENSE, plural, printable } from './format.ts';

interface FittedWeights {
  readonly report: WeightReport;
  /** What was fitted to, in words. */
  readonly what: string;
  readonly itemCount: number;
}

export async function fitWeights(
  recipe: FusionRecipe,
  model: EnsembleModel,
  options: FitRequest,
  context: CliContext,
): Promise<Fitted> {
  const { kind, file } = recipe;
  if (!kind.fit) throw badInput(`${file}: an ensemble by ${kind.name} has nothing to fit`);
  const fit = kind.fit(recipe.settings);
  const data = await fitData(recipe, options, context);
  const request = { ...options, ...settingsOf(recipe, options) };
  const found =
    model.task === 'text-classification'
      ? await fitLabels(recipe, model, data, request, fit)
      : await fitTexts(model, data, request, fit);
  const { report } = found;
  const fitted = {
    data: data.name,
    sha256: data.sha256,
    items: found.itemCount,
    loss: report.lossName,
    cross_fitted_loss: report.crossFittedLoss,
    best_member: model.members[report.best]!.name,
    best_member_loss: report.memberLosses[report.best]!,
  };
  return {
    shown: options.json
      ? JSON.stringify(jsonOf(model, report, options, fitted), null, 2)
      : show(model, found, data, options),
    numbers: {
      weights: report.weights,
      temperatures: report.temperatures,
      settings: fit.pool === 'log_linear' ? { floor: DEFAULT_FLOOR } : {},
      fitted,
    },
  };
}

/** What the command line says goes before what the recipe says. */
function settingsOf({ toFit }: FusionRecipe, options: FitRequest) {
  return {
    loss: options.loss ?? toFit?.loss,
    method: options.method ?? toFit?.method,
    temperature: options.temperature ?? toFit?.temperature,
  };
}

async function fitLabels(
  { settings }: FusionRecipe,
  { members }: EnsembleModel,
  { input }: FitData,
  options: FitRequest,
  fit: WeightFit,
): Promise<FittedWeights> {
  const items = await readRecords(input, {
    columns: options.columns,
    required: ['text', 'label'],
  });
  const policy = settings.labels === 'union' ? 'union' : 'same';
  const report = await fitLabelWeights(members, items, fit, policy, options);
  return { report, what: plural(items.length, 'item'), itemCount: items.length };
}

async function fitTexts(
  { members, task }: EnsembleModel,
  data: FitData,
  options: FitRequest,
  fit: WeightFit,
): Promise<FittedWeights> {
  const examples = await textExamples(task, data, options.columns);
  const report = await fitTokenWeights(members, examples, fit, options);
  const { itemCount, textCount } = report;
  const all = textCount === examples.length ? '' : ` (the first, of ${examples.length})`;
  const unit = plural(itemCount, fit.perText ? 'text' : 'token');
  return { report, what: `${unit} of ${plural(textCount, 'text')}${all}`, itemCount: textCount };
}

function jsonOf(
  { members }: EnsembleModel,
  report: WeightReport,
  { name, out }: FitRequest,
  fitted: object,
): object {
  const rows = members.map((member, i) => ({
    member: member.name,
    weight: report.weights[i],
    temperature: report.temperatures?.[i],
    loss: report.memberLosses[i],
    error: report.memberErrors?.[i],
  }));
  return { recipe: name, out, members: rows, ...report, ...fitted };
}

function show(
  { members }: EnsembleModel,
  { report, what }: FittedWeights,
  data: FitData,
  { out }: FitRequest,
): string {
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
    `${what} of ${printable(data.name)}`,
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
