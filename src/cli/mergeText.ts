/** The plan and the result of a merge as text. Pure. */

import type { InputSummary, MergeReport, PlanSummary } from '../merge/merge.ts';
import type { Colors } from './context.ts';
import { type Fact, renderFacts } from './facts.ts';
import { formatBytes, formatCount, formatSeconds, plural, printable } from './format.ts';

export interface Layout {
  readonly columns: number;
  readonly colors: Colors;
}

export function renderPlan(
  stages: readonly PlanSummary[],
  recipe: string,
  { columns, colors }: Layout,
): string {
  const parts = stages.flatMap((stage, index) => [
    ...stageTitle(stages, index, colors),
    renderFacts(planFacts(stage), columns),
    '',
  ]);
  const title = `plan of ${printable(recipe)}, from headers alone; nothing is written`;
  const next = 'the same command without --dry-run';
  return [colors.bold(title), '', ...parts, renderFacts([['next', next]], columns)].join('\n');
}

/** What a run took, as measured. */
export interface Work {
  readonly seconds: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export function renderReport(
  report: MergeReport,
  out: string,
  work: Work,
  next: readonly string[],
  { columns, colors }: Layout,
): string {
  const { stages } = report;
  const parts = stages.flatMap((stage, index) => [
    ...stageTitle(stages, index, colors),
    renderFacts(resultFacts(stage), columns),
  ]);
  const kept = report.resumed ? ['resumed: what an earlier run had finished was kept'] : [];
  const took: Fact = ['took', describeWork(work), ...kept];
  return [
    colors.bold(`merged into ${printable(out)}`),
    ...parts,
    renderFacts([took, ['next', ...next]], columns),
  ].join('\n');
}

function stageTitle(stages: readonly PlanSummary[], index: number, colors: Colors): string[] {
  if (stages.length === 1) return [];
  const name = stages[index]?.stage ?? 'the output';
  return [colors.bold(`stage ${index + 1} of ${stages.length}: ${printable(name)}`)];
}

function planFacts(stage: PlanSummary): Fact[] {
  const { resolved, bytesToRead, bytesToWrite, freeBytes } = stage;
  return [
    ['method', describeMethod(stage)],
    ...listFact(
      'parameters',
      resolved.map(({ name, values }) => `${name} = ${values}`),
    ),
    ['inputs', ...stage.inputs.map((input) => describeInput(input, stage))],
    ['output', describeOutput(stage)],
    ['shards', ...describeShards(stage)],
    ['reads', formatBytes(bytesToRead)],
    ['writes', `${formatBytes(bytesToWrite)} (${formatBytes(freeBytes)} free)`],
    ['estimate', describeEstimate(stage)],
    ...listFact('notes', stage.notes),
  ];
}

function resultFacts(stage: PlanSummary): Fact[] {
  return [
    ['method', describeMethod(stage)],
    ['inputs', ...stage.inputs.map((input) => describeInput(input, stage))],
    ['output', describeOutput(stage)],
    ...listFact('notes', stage.notes),
  ];
}

function listFact(name: string, values: readonly string[]): Fact[] {
  return values.length > 0 ? [[name, ...values]] : [];
}

function describeMethod({ method, baseModel }: PlanSummary): string {
  return baseModel === undefined ? method : `${method}, base_model ${baseModel}`;
}

function describeInput({ reference, files, dtypes }: InputSummary, stage: PlanSummary): string {
  const size = files.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const role = reference === stage.baseModel ? ' (base)' : '';
  const parts = [formatBytes(size), dtypes.join(' and '), plural(files.length, 'file')];
  return `${reference}${role}: ${parts.filter((part) => part !== '').join(', ')}`;
}

function describeOutput(stage: PlanSummary): string {
  const { parameters, tensors, dtypes, layers, vocabulary, outputBytes } = stage;
  return [
    `${formatCount(parameters)} parameters in ${plural(tensors, 'tensor')}`,
    dtypes.join(' and '),
    ...(layers === undefined ? [] : [plural(layers, 'layer')]),
    ...(vocabulary === undefined ? [] : [`vocabulary of ${vocabulary.toLocaleString('en-US')}`]),
    formatBytes(outputBytes),
  ].join(', ');
}

const SHOWN_SHARDS = 6;

function describeShards({ shards }: PlanSummary): string[] {
  const lines = shards.map(({ name, byteLength }) => `${name}: ${formatBytes(byteLength)}`);
  if (lines.length <= SHOWN_SHARDS) return lines;
  const hidden = lines.length - SHOWN_SHARDS + 1;
  return [...lines.slice(0, SHOWN_SHARDS - 2), `${hidden} more`, ...lines.slice(-1)];
}

function describeEstimate({ estimatedSeconds, estimatedMemoryBytes, threads }: PlanSummary) {
  const how = threads === 0 ? 'without worker threads' : `with ${plural(threads, 'thread')}`;
  const time = estimatedSeconds < 1 ? 'under 1 s' : `about ${formatSeconds(estimatedSeconds)}`;
  return `${time}, about ${formatBytes(estimatedMemoryBytes)} of memory, ${how}`;
}

function describeWork({ seconds, bytesRead, bytesWritten }: Work): string {
  const speed = (bytesRead + bytesWritten) / seconds;
  return (
    `${formatSeconds(seconds)}, ${formatBytes(speed)}/s ` +
    `(${formatBytes(bytesRead)} read, ${formatBytes(bytesWritten)} written)`
  );
}
