/** `lmfuse explain <recipe> --text "..."`: what each member said, its weight, and who moved the choice. */

import Table from 'cli-table3';
import type { Command } from 'commander';
import type {
  BytesExplanation,
  Explanation,
  LabelExplanation,
  PanelExplanation,
  TextExplanation,
  TokenExplanation,
} from '../ensemble/explanation.ts';
import { badInput } from '../errors.ts';
import { panelSummary, unseenNote } from './answerNotes.ts';
import { type CliContext, columnsOf } from './context.ts';
import { DENSE, elide, printable } from './format.ts';
import { withRecipe } from './withRecipe.ts';

interface ExplainOptions {
  readonly text: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Labels: each member's probabilities, and the label that would have been chosen
without it. Texts: token by token, or candidate by candidate.

Examples:
  lmfuse explain sentiment.yml --text "an oddly moving film"
  lmfuse explain mt.yml --text "Ein Mann schläft." --json`;

export function addExplainCommand(program: Command, context: CliContext): void {
  program
    .command('explain')
    .summary('show who decided what in an ensemble')
    .description(
      'Shows what each member of an ensemble said about a text, and who moved the choice.',
    )
    .argument('<recipe>', 'a fusion recipe')
    .requiredOption('--text <text>', 'the text')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: ExplainOptions) => runExplain(name, options, context));
}

async function runExplain(
  name: string,
  { text, json }: ExplainOptions,
  context: CliContext,
): Promise<void> {
  await withRecipe(name, context, async ({ model }, signal) => {
    if (!model.explain) throw badInput(`${name}: what it says comes without reasons`);
    const explanation = await model.explain({ id: '0', text }, { signal });
    const shown = json
      ? JSON.stringify(explanation, null, 2)
      : render(explanation, columnsOf(context.stdout));
    context.stdout.write(`${shown}\n`);
  });
}

function render(explanation: Explanation, columns: number): string {
  switch (explanation.kind) {
    case 'labels':
      return renderLabels(explanation);
    case 'tokens':
      return renderTokens(explanation);
    case 'texts':
      return renderCandidates(explanation, columns);
    case 'bytes':
      return renderBytes(explanation);
    case 'panel':
      return renderPanel(explanation);
  }
}

function renderLabels({ label, probabilities, members }: LabelExplanation): string {
  const labels = Object.keys(probabilities);
  const table = new Table({
    ...DENSE,
    head: ['member', 'weight', ...labels.map(printable), 'says', 'without it'],
  });
  for (const each of members) {
    if (each.missing !== undefined) {
      table.push([
        printable(each.member),
        '',
        { colSpan: labels.length + 2, content: each.missing },
      ]);
      continue;
    }
    const shares = labels.map((name) => percent(each.probabilities[name] ?? 0));
    table.push([
      printable(each.member) + (each.isHard ? ' (answer)' : ''),
      each.weight.toFixed(3),
      ...shares,
      printable(each.label ?? ''),
      each.labelWithout === label ? '' : printable(each.labelWithout ?? ''),
    ]);
  }
  const all = labels.map((name) => percent(probabilities[name]!));
  table.push(['all together', '', ...all, printable(label), '']);
  return `${table.toString()}\n${moversOf(members.filter((each) => isMover(each, label)).map(({ member }) => member))}`;
}

function isMover(each: LabelExplanation['members'][number], label: string): boolean {
  return each.missing === undefined && each.labelWithout !== label;
}

function moversOf(names: readonly string[]): string {
  if (names.length === 0) return 'No member alone moved the choice.';
  return `Without ${names.map(printable).join(', or without ')} the choice would be another.`;
}

function percent(p: number): string {
  return `${(100 * p).toFixed(1)} %`;
}

function renderTokens({ text, steps, unseen }: TokenExplanation): string {
  const names = steps[0]?.members.map(({ member }) => printable(member)) ?? [];
  const table = new Table({ ...DENSE, head: ['token', 'p', ...names, 'moved by'] });
  for (const { token, logProbability, members, movedBy } of steps) {
    const opinions = members.map(({ logProbability: own, favourite }) => {
      const isOther = favourite !== undefined && favourite !== token;
      const other = isOther ? ` (${printable(favourite)})` : '';
      return `${percent(Math.exp(own))}${other}`;
    });
    const p = percent(Math.exp(logProbability));
    table.push([printable(token), p, ...opinions, movedBy.map(printable).join(', ')]);
  }
  const note = unseen ? `\n${unseenNote(unseen)}` : '';
  return `${printable(text)}\n${table.toString()}${note}`;
}

/** Room for the numbers beside a candidate. */
const OTHER_COLUMNS = 45;

function renderCandidates({ candidates }: TextExplanation, columns: number): string {
  const names = Object.keys(candidates[0]?.scores ?? {});
  const table = new Table({ ...DENSE, head: ['', 'candidate', 'by', ...names] });
  for (const { text, members, scores, isChosen } of candidates) {
    table.push([
      isChosen ? '*' : '',
      elide(printable(text), Math.max(20, columns - OTHER_COLUMNS)),
      members.map(printable).join(', '),
      ...names.map((name) => scores[name]?.toFixed(4) ?? ''),
    ]);
  }
  return table.toString();
}

function renderPanel({ text, report }: PanelExplanation): string {
  const table = new Table({
    ...DENSE,
    head: ['member', 'role', 'outcome', 'seconds', 'tokens in', 'out', 'cost', ''],
  });
  for (const [i, call] of report.calls.entries()) {
    table.push([
      printable(call.member) + (i === report.winningCall ? ' *' : ''),
      call.role,
      call.status,
      (call.latencyMs / 1000).toFixed(2),
      call.inputTokens ?? '',
      call.outputTokens ?? '',
      call.cost?.toPrecision(3) ?? '',
      printable(call.reason ?? ''),
    ]);
  }
  return `${printable(text)}\n${table.toString()}\n${panelSummary(report)}`;
}

function renderBytes({ bitsPerByte, members }: BytesExplanation): string {
  const table = new Table({
    ...DENSE,
    head: ['member', 'weight', 'bits per byte, at least', 'at most', 'worst step'],
  });
  for (const { member, weight, bitsPerByte: own, isVacuous, worstStep } of members) {
    const least = isVacuous ? `${own.least.toFixed(4)} (vacuous)` : own.least.toFixed(4);
    const row = [least, own.most.toFixed(4), percent(worstStep)];
    table.push([printable(member), weight.toFixed(3), ...row]);
  }
  return `${bitsPerByte.toFixed(4)} bits per byte\n${table.toString()}`;
}
