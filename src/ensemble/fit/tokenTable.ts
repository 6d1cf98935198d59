/**
 * What members expect at every token of given texts, as a table that weights can be fitted to. For a
 * pool that only needs the probability of what came, that alone; for one that normalises, whole
 * distributions, of as many tokens as memory allows.
 */

import { badInput } from '../../errors.ts';
import type { RequestOptions, TokenModel } from '../../model/languageModel.ts';
import { askMembers } from '../askMembers.ts';
import { forceTexts, type GivenText } from '../decode/forced.ts';
import { compactRows } from '../decode/rows.ts';
import type { Member } from '../member.ts';

/** A text to be written: what is read first, and what should follow. */
export interface WrittenExample {
  readonly id: string;
  /** Absent where there is nothing to read: the text continues its own beginning. */
  readonly source?: string;
  readonly target: string;
}

export interface TokenTable {
  /** Log-probabilities of each member of the tokens that came, text after text. */
  readonly members: readonly Float64Array[];
  /** Tokens of each text. */
  readonly lengths: readonly number[];
}

/** What is read, and the tokens that should follow, the end included where a text ends. */
export function givenText(model: TokenModel, { id, source, target }: WrittenExample): GivenText {
  const { tokenizer, kind, endTokens, beginning } = model;
  const bare = tokenizer.encode(target, { specialTokens: false });
  if (kind === 'sequence_to_sequence') {
    if (source === undefined) throw badInput(`item "${id}" has no source`);
    return { input: tokenizer.encode(source), continuation: [...bare, ...endTokens.slice(0, 1)] };
  }
  const input = source === undefined ? beginningOf(bare, beginning) : tokenizer.encode(source);
  const from = source === undefined && beginning === undefined ? 1 : 0;
  return { input, continuation: bare.slice(from) };
}

function beginningOf(bare: readonly number[], beginning: number | undefined): readonly number[] {
  return beginning === undefined ? bare.slice(0, 1) : [beginning];
}

export async function tokenTable(
  members: readonly Member[],
  texts: readonly GivenText[],
  options: RequestOptions,
): Promise<TokenTable> {
  const answers = await askMembers(members, 'error', ({ model }) =>
    model.next!.continuationLogProbabilities(texts, options),
  );
  const lengths = texts.map(({ continuation }) => continuation.length);
  return { members: answers.map(({ value }) => joined(value)), lengths };
}

function joined(rows: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  return all;
}

export interface DistributionTable {
  /** [tokens][size] of each member. */
  readonly members: readonly Float64Array[];
  readonly answers: Int32Array;
  readonly size: number;
  /** Texts that were used: the first ones. */
  readonly textCount: number;
}

/** Texts side by side; a row of a large vocabulary is 250 kB. */
const ROWS = 16;

/** @param most numbers that the table may have */
export async function distributionTable(
  members: readonly Member[],
  texts: readonly GivenText[],
  size: number,
  most: number,
  options: RequestOptions,
): Promise<DistributionTable> {
  const used = textsWithin(texts, Math.floor(most / (size * members.length)));
  const answers = Int32Array.from(used.flatMap(({ continuation }) => continuation));
  const firsts = startsOf(used);
  const tables = await askMembers(members, 'error', async ({ model }) => {
    const table = new Float64Array(answers.length * size);
    for (let start = 0; start < used.length; start += ROWS) {
      await fillTable(
        model.next!,
        used.slice(start, start + ROWS),
        firsts,
        start,
        table,
        size,
        options,
      );
    }
    return table;
  });
  return { members: tables.map(({ value }) => value), answers, size, textCount: used.length };
}

function fillTable(
  model: TokenModel,
  texts: readonly GivenText[],
  firsts: readonly number[],
  offset: number,
  table: Float64Array,
  size: number,
  options: RequestOptions,
): Promise<void> {
  return forceTexts(
    model.start,
    texts,
    (stream, row, text, place) => {
      const { vocabularySize } = model;
      const from = row * vocabularySize;
      const values = stream.logProbabilities().subarray(from, from + vocabularySize);
      table.set(compactRows(values, vocabularySize, size), (firsts[offset + text]! + place) * size);
    },
    options,
  );
}

function textsWithin(texts: readonly GivenText[], tokens: number): readonly GivenText[] {
  let total = 0;
  const end = texts.findIndex(({ continuation }) => {
    total += continuation.length;
    return total > tokens;
  });
  if (end === 0) throw badInput('not even the first text fits into the memory for fitting');
  return end < 0 ? texts : texts.slice(0, end);
}

function startsOf(texts: readonly GivenText[]): number[] {
  let next = 0;
  return texts.map(({ continuation }) => {
    const start = next;
    next += continuation.length;
    return start;
  });
}
