/** Plans and reports of merges, for a terminal of 80 columns. */

import type { InputSummary, MergeReport, PlanSummary } from '../merge/merge.ts';
import { formatBytes, formatCount, formatSeconds, printable } from './formatting.ts';

type Line = readonly [name: string, value: string];

export function renderPlan(plan: PlanSummary): string {
  const lines: Line[] = [
    ...(plan.stage === undefined ? [] : [['document', plan.stage] as const]),
    ['method', plan.method],
    ...plan.resolved.map(({ name, values }): Line => [`  ${name}`, values]),
    ...plan.inputs.map((input, i): Line => [i === 0 ? 'inputs' : '', describeInput(input, plan)]),
    ['output', describeOutput(plan)],
    ...(plan.layers === undefined ? [] : [['layers', String(plan.layers)] as const]),
    ...(plan.vocabulary === undefined
      ? []
      : [['vocabulary', formatCount(plan.vocabulary)] as const]),
    ['reads', formatBytes(plan.bytesToRead)],
    ['writes', `${formatBytes(plan.bytesToWrite)} (${formatBytes(plan.freeBytes)} free)`],
    ['shards', describeShards(plan)],
    ['threads', plan.threads === 0 ? 'none besides the main one' : String(plan.threads)],
    [
      'estimates',
      `${formatSeconds(plan.estimatedSeconds)}, ${formatBytes(plan.estimatedMemoryBytes)} of memory`,
    ],
  ];
  return [...lines.map(renderLine), ...plan.notes.map((note) => `note: ${printable(note)}`)].join(
    '\n',
  );
}

const NAME_WIDTH = 22;

function renderLine([name, value]: Line): string {
  return `${name.padEnd(NAME_WIDTH)} ${printable(value)}`;
}

function describeInput({ reference, files }: InputSummary, plan: PlanSummary): string {
  const bytes = files.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const role = reference === plan.baseModel ? ', base' : '';
  const count = files.length === 1 ? '1 file' : `${files.length} files`;
  return `${reference} (${formatBytes(bytes)}, ${count}${role})`;
}

function describeOutput({ tensors, parameters, dtypes }: PlanSummary): string {
  return `${tensors} tensors, ${formatCount(parameters)} parameters, ${dtypes.join(', ')}`;
}

function describeShards({ shards }: PlanSummary): string {
  const [first] = shards;
  return shards.length === 1 ? first!.name : `${shards.length}, from ${first!.name}`;
}

export function renderReport(report: MergeReport, out: string, seconds: number): string {
  const last = report.stages.at(-1)!;
  const moved = report.stages.reduce(
    (sum, stage) => sum + stage.bytesToRead + stage.bytesToWrite,
    0,
  );
  const others = last.inputs
    .map(({ reference }) => reference)
    .filter((name) => name !== last.baseModel);
  const onto = last.baseModel === undefined ? '' : ` onto ${last.baseModel}`;
  const lines = [
    `merged ${others.join(', ')}${onto} by ${last.method}${report.resumed ? ' (resumed)' : ''}`,
    `  ${out}: ${describeOutput(last)}, ${formatBytes(last.outputBytes)}`,
    `  ${formatSeconds(seconds)}, ${formatBytes(moved / seconds)}/s read and written`,
    ...last.notes.map((note) => `note: ${printable(note)}`),
    `next: lmfuse inspect ${out}; lmfuse diff ${last.baseModel ?? others[0]} ${out}`,
  ];
  return lines.join('\n');
}
