/** Weights of a reranker's features fitted to data, and the table that shows them. */

import Table from 'cli-table3';
import type { EnsembleModel } from '../ensemble/ensemble.ts';
import type { FeatureReport } from '../ensemble/fit/fitFeatures.ts';
import type { FusionRecipe } from '../ensemble/recipe/parseFusion.ts';
import { badInput, FusionError } from '../errors.ts';
import type { TextMetric } from '../task/metrics/metric.ts';
import { metricOfKind } from '../task/metrics/registry.ts';
import type { CliContext } from './context.ts';
import { type FitRequest, type Fitted, fitData, textExamples } from './fitData.ts';
import { DENSE, plural, printable } from './format.ts';

export async function fitRanking(
  recipe: FusionRecipe,
  model: EnsembleModel,
  options: FitRequest,
  context: CliContext,
): Promise<Fitted> {
  const { kind, settings, toFit, file } = recipe;
  if (!kind.fitFeatures) throw new FusionError('internal', `${kind.name} ranks by no features`);
  const name = options.metric ?? toFit?.metric ?? 'bleu';
  const metric = metricOfKind(name, 'texts') as TextMetric;
  const data = await fitData(recipe, options, context);
  const examples = await textExamples(model.task, data, options.columns);
  const items = examples.map(({ id, source, target, ...rest }) => {
    if (source === undefined)
      throw badInput(`${file}: a reranker is fitted to sources and targets`);
    return { ...rest, id, text: source, reference: target };
  });
  const report = await kind.fitFeatures(model.members, items, settings, metric, options);
  const fitted = {
    data: data.name,
    sha256: data.sha256,
    items: items.length,
    metric: name,
    cross_fitted: report.crossFittedValue,
    best_member: model.members[report.best]!.name,
    best_member_value: report.memberValues[report.best]!,
  };
  const numbers = { weights: undefined, settings: { features: report.weights }, fitted };
  if (options.json) {
    const shown = { recipe: options.name, out: options.out, ...report, ...fitted };
    return { numbers, shown: JSON.stringify(shown, null, 2) };
  }
  const about = `${plural(items.length, 'item')} of ${printable(data.name)}`;
  return {
    numbers,
    shown: [show(model, report), about, `written: ${printable(options.out)}`].join('\n'),
  };
}

function show({ members }: EnsembleModel, report: FeatureReport): string {
  const weights = new Table({ ...DENSE, head: ['feature', 'weight'] });
  for (const [feature, weight] of Object.entries(report.weights)) {
    weights.push([printable(feature), weight.toFixed(4)]);
  }
  const values = new Table({ ...DENSE, head: ['', report.metric] });
  for (const [i, { name }] of members.entries()) {
    const best = i === report.best ? ' (best)' : '';
    values.push([printable(name) + best, report.memberValues[i]!.toFixed(2)]);
  }
  values.push(['equal weights', report.uniformValue.toFixed(2)]);
  values.push(['fitted', report.crossFittedValue.toFixed(2)]);
  return `${weights.toString()}\n${values.toString()}`;
}
