// Systems on one test set as a Markdown table: scores with 95 % intervals, each beside the best member.

import { holmAdjusted } from '../../dist/numeric/holm.js';
import { statisticsTable } from '../../dist/task/metrics/statisticsTable.js';
import { compareSystems, scoreInterval } from '../../dist/task/significance/compareSystems.js';

const SEED = 1;

/**
 * @param systems {name, items by metric name, isMember}; the best member is the one that was best on
 *   the data for choosing (`best`), not on the test
 * @param metrics {metric, title, digits}; the first one is the one of the comparison
 */
export function comparisonTable(systems, metrics, best) {
  const tables = systems.map(({ items }) =>
    metrics.map(({ metric }) => statisticsTable(metric, items)),
  );
  const [main] = metrics;
  const reference = systems.findIndex(({ name }) => name === best);
  const comparisons = systems.map((_, i) =>
    i === reference
      ? undefined
      : compareSystems(main.metric, tables[i][0], tables[reference][0], { seed: SEED }),
  );
  const fusions = systems.flatMap(({ isMember }, i) => (isMember ? [] : [i]));
  const adjusted = new Map(
    holmAdjusted(fusions.map((i) => comparisons[i].p)).map((p, k) => [fusions[k], p]),
  );
  const head = [
    'system',
    ...metrics.map(({ title }) => title),
    `${main.title}, beside ${best}`,
    'p (Holm)',
    'won / lost / tied',
  ];
  const rows = systems.map(({ name, isMember }, i) => [
    isMember ? name : `**${name}**`,
    ...metrics.map(({ metric, digits, factor = 1 }, m) =>
      withInterval(scoreInterval(metric, tables[i][m], { seed: SEED }), digits, factor),
    ),
    ...comparisonCells(comparisons[i], main, adjusted.get(i)),
  ]);
  return {
    markdown: markdownTable(head, rows),
    verdicts: fusions.map((i) => ({
      name: systems[i].name,
      ...verdictOf(comparisons[i], adjusted.get(i), main.metric.higherIsBetter),
    })),
  };
}

function withInterval({ score, interval }, digits, factor) {
  const number = (value) => (factor * value).toFixed(digits);
  return `${number(score)} (${number(interval.low)} to ${number(interval.high)})`;
}

function comparisonCells(comparison, { digits, factor = 1 }, adjusted) {
  if (!comparison) return ['', '', ''];
  const { difference, interval, p, wins, losses, ties } = comparison;
  const number = (value) => `${value >= 0 ? '+' : '−'}${Math.abs(factor * value).toFixed(digits)}`;
  const shown = `${number(difference)} (${number(interval.low)} to ${number(interval.high)})`;
  const pText = adjusted === undefined ? '' : `${p.toFixed(3)} (${adjusted.toFixed(3)})`;
  return [shown, pText, `${wins} / ${losses} / ${ties}`];
}

function verdictOf({ difference }, adjusted, higherIsBetter) {
  const gain = higherIsBetter ? difference : -difference;
  return { gain, isSure: adjusted < 0.05 };
}

/** Which fusions are better, which are worse, and which cannot be told apart. */
export function sentenceOf(verdicts, best, what) {
  const named = (list) => list.map(({ name }) => name).join(', ');
  const better = verdicts.filter(({ gain, isSure }) => isSure && gain > 0);
  const worse = verdicts.filter(({ gain, isSure }) => isSure && gain < 0);
  const open = verdicts.filter(({ isSure }) => !isSure);
  return [
    ...(better.length > 0 ? [`Better than ${best} by ${what}: ${named(better)}.`] : []),
    ...(worse.length > 0 ? [`Worse: ${named(worse)}.`] : []),
    ...(open.length > 0 ? [`Not to be told apart from ${best} here: ${named(open)}.`] : []),
  ].join(' ');
}

function markdownTable(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
