/** Fits the weights of an ensemble to data: labelled texts, or texts that should be written. */

import { badInput } from '../../errors.ts';
import { requireAbility } from '../../model/abilities.ts';
import type { RequestOptions } from '../../model/languageModel.ts';
import { sharedVocabularySize } from '../decode/sharedVocabulary.ts';
import type { WeightFit } from '../kind/kind.ts';
import type { Member } from '../member.ts';
import type { LabelPolicy } from '../pool/alignLabels.ts';
import { type MemberTable, tableOfAnswers } from '../weights/memberTable.ts';
import { type LabelledItem, labelTable } from './labelTable.ts';
import { distributionTable, givenText, tokenTable, type WrittenExample } from './tokenTable.ts';
import { itemFolds, type WeightReport, type WeightSettings, weightReport } from './weightReport.ts';

export interface FitOptions extends RequestOptions, WeightSettings {
  readonly folds: number;
  readonly seed: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** What the items of a table belong to: items of one group are in one fold. */
type Groups = readonly (string | number)[];

export async function fitLabelWeights(
  members: readonly Member[],
  items: readonly (LabelledItem & { readonly group?: string })[],
  { pool }: WeightFit,
  labels: LabelPolicy,
  options: FitOptions,
): Promise<WeightReport> {
  const { labels: names, ...table } = await labelTable(members, items, labels, options);
  const groups = items.map(({ group }, i) => group ?? i);
  const folds = itemFolds(groups, options.folds, options.seed);
  return weightReport({ ...table, labelCount: names.length }, folds, pool, options);
}

export interface TokenFit extends WeightReport {
  /** Tokens, or texts where weights are of whole texts. */
  readonly itemCount: number;
  readonly textCount: number;
}

export async function fitTokenWeights(
  members: readonly Member[],
  examples: readonly WrittenExample[],
  fit: WeightFit,
  options: FitOptions,
): Promise<TokenFit> {
  if (options.temperature) throw badInput('temperature: can be fitted for labels, not for tokens');
  if ((options.loss ?? 'log_loss') !== 'log_loss') {
    throw badInput(`loss: ${options.loss} is of labels; for tokens it is log_loss`);
  }
  const asked = fit.asFitted?.(members) ?? members;
  const { table, groups, textCount } = await (fit.pool === 'log_linear'
    ? wholeDistributions(asked, examples, options)
    : answersAlone(asked, examples, fit, options));
  const folds = itemFolds(groups, options.folds, options.seed);
  const report = weightReport(table, folds, fit.pool, options);
  return { ...report, itemCount: table.answers.length, textCount };
}

interface Collected {
  readonly table: MemberTable;
  readonly groups: Groups;
  readonly textCount: number;
}

async function answersAlone(
  members: readonly Member[],
  examples: readonly WrittenExample[],
  { perText }: WeightFit,
  options: FitOptions,
): Promise<Collected> {
  const { next } = members[0]!.model;
  const texts = examples.map((example) => givenText(next!, example));
  const said = await tokenTable(members, texts, options);
  const groups = said.lengths.flatMap((length, text) => new Array<number>(length).fill(text));
  if (!perText) return { table: tableOfAnswers(said.members), groups, textCount: texts.length };
  const sums = said.members.map((tokens) => sumsOf(tokens, groups, texts.length));
  return { table: tableOfAnswers(sums), groups: [...texts.keys()], textCount: texts.length };
}

function sumsOf(values: Float64Array, groups: readonly number[], count: number): Float64Array {
  const sums = new Float64Array(count);
  for (const [i, value] of values.entries()) sums[groups[i]!]! += value;
  return sums;
}

/** Numbers of the table that is kept: 256 MiB. */
const MOST_NUMBERS = 2 ** 25;

async function wholeDistributions(
  members: readonly Member[],
  examples: readonly WrittenExample[],
  options: FitOptions,
): Promise<Collected> {
  const named = members.map(({ name, model }) => ({ name, model: requireAbility(model, 'next') }));
  const size = sharedVocabularySize(named);
  const texts = examples.map((example) => givenText(named[0]!.model, example));
  const found = await distributionTable(members, texts, size, MOST_NUMBERS, options);
  const used = texts.slice(0, found.textCount);
  return {
    table: { members: found.members, labelCount: size, answers: found.answers },
    groups: used.flatMap(({ continuation }, text) => continuation.map(() => text)),
    textCount: found.textCount,
  };
}
