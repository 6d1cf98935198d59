/**
 * N-gram models as ARPA files have them: for every n-gram the logarithm (base 10) of its last word's
 * probability after the others, and a back-off weight for what is not listed after it.
 *
 *   \data\
 *   ngram 1=3
 *   \1-grams:
 *   -0.5  word  -0.3
 *   \end\
 *
 * Not the estimation of such models, and not their scores: backoff.ts. Format: Doug Paul's ARPA MIT-LL,
 * as SRILM (Stolcke, 2002) and KenLM (Heafield, 2011) write it.
 */

import { badInput, type FusionError } from '../../errors.ts';
import { createSection, type NgramOrder } from './section.ts';

export interface NgramModel {
  /** In the order of the file. */
  readonly words: readonly string[];
  readonly idOf: ReadonlyMap<string, number>;
  /** Unigrams first. */
  readonly orders: readonly NgramOrder[];
}

/** Longer n-grams than anybody estimates; a hostile header costs no memory. */
const MAX_ORDER = 16;
/** N-grams of one order; their keys and values take 24 bytes each. */
const MAX_NGRAMS = 2 ** 27;

/** `0 a` and a line break. A count that the file has no room for must cost no memory. */
const MIN_ENTRY_BYTES = 4;

export const UNKNOWN = '<unk>';
export const BEGIN = '<s>';
export const END = '</s>';

interface Line {
  readonly text: string;
  readonly number: number;
}

type Problem = (line: Line, what: string) => FusionError;

/** @param name the file, for messages */
export function parseArpa(bytes: Uint8Array, name: string): NgramModel {
  const problem: Problem = (line, what) => badInput(`${name}: line ${line.number}: ${what}`);
  const lines = linesOf(bytes, name);
  const counts = readCounts(lines, bytes.length, name, problem);
  const words: string[] = [];
  const idOf = new Map<string, number>();
  const orders: NgramOrder[] = [];
  for (const [i, count] of counts.entries()) {
    expectLine(lines, `\\${i + 1}-grams:`, name, problem);
    const section = createSection(i + 1, count, orders);
    for (let n = 0; n < count; n++) {
      const line = lines.next().value;
      if (!line) throw badInput(`${name}: ends after ${n} of ${count} ${i + 1}-grams`);
      const { logProbability, ngram, backoff } = parseEntry(line, i + 1, problem);
      if (backoff !== 0 && i + 1 === counts.length) {
        throw problem(line, 'a back-off weight at the highest order, where nothing backs off');
      }
      if (i === 0) addWord(ngram[0]!, words, idOf, line, problem);
      const refusal = section.add(idsOf(ngram, idOf, line, problem), logProbability, backoff);
      if (refusal !== undefined) throw problem(line, `${shown(ngram.join(' '))} ${refusal}`);
    }
    const duplicate = section.duplicate();
    if (duplicate) {
      throw badInput(
        `${name}: the ${i + 1}-gram ${shown(namesOf(duplicate, words))} is there twice`,
      );
    }
    orders.push(section.finish());
  }
  expectLine(lines, '\\end\\', name, problem);
  for (const needed of [BEGIN, END]) {
    if (!idOf.has(needed)) throw badInput(`${name}: has no ${needed} among its words`);
  }
  return { words, idOf, orders };
}

function namesOf(ids: readonly number[], words: readonly string[]): string {
  return ids.map((id) => words[id]).join(' ');
}

/** Lines that are not blank. Words may hold any space but these. */
function* linesOf(bytes: Uint8Array, name: string): Generator<Line, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let start = 0;
  for (let number = 1; start < bytes.length; number++) {
    const found = bytes.indexOf(10, start);
    const end = found < 0 ? bytes.length : found;
    const text = decoded(decoder, bytes.subarray(start, end), `${name}: line ${number}`);
    start = end + 1;
    const trimmed = text.replace(/^[ \t\r]+|[ \t\r]+$/g, '');
    if (trimmed !== '') yield { text: trimmed, number };
  }
  return undefined;
}

function decoded(decoder: TextDecoder, bytes: Uint8Array, place: string): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw badInput(`${place}: is not UTF-8`, cause);
  }
}

/** Enough of a text to know it by, and nothing that moves a terminal's cursor. */
function shown(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return JSON.stringify(short);
}

type Lines = Generator<Line, undefined>;

/** What stands before `\data\` is a comment. */
function readCounts(lines: Lines, byteLength: number, name: string, problem: Problem): number[] {
  let line = lines.next().value;
  while (line && line.text !== '\\data\\') line = lines.next().value;
  if (!line) throw badInput(`${name}: is no ARPA file (it has no line \\data\\)`);
  const counts: number[] = [];
  for (const next of takeWhile(lines, ({ text }) => text.startsWith('ngram '))) {
    const [, order, count] = /^ngram +(\d{1,2}) *= *(\d{1,10})$/.exec(next.text) ?? [];
    if (Number(order) !== counts.length + 1 || Number(order) > MAX_ORDER) {
      throw problem(next, `${shown(next.text)} where "ngram ${counts.length + 1}=..." belongs`);
    }
    if (Number(count) * MIN_ENTRY_BYTES > byteLength) {
      throw problem(next, `${count} n-grams do not fit into ${byteLength} bytes`);
    }
    if (Number(count) > MAX_NGRAMS)
      throw problem(next, `${count} n-grams are more than ${MAX_NGRAMS}`);
    counts.push(Number(count));
  }
  if (counts.length === 0) throw badInput(`${name}: says of no n-grams how many there are`);
  return counts;
}

/** The first line that does not belong is left for the next reader. */
function* takeWhile(lines: Lines, belongs: (line: Line) => boolean): Generator<Line> {
  for (;;) {
    const { value } = lines.next();
    if (!value) return;
    if (!belongs(value)) {
      pushBack(lines, value);
      return;
    }
    yield value;
  }
}

function pushBack(lines: Lines, line: Line): void {
  const next = lines.next.bind(lines);
  lines.next = () => {
    lines.next = next;
    return { value: line, done: false };
  };
}

function expectLine(lines: Lines, wanted: string, name: string, problem: Problem): void {
  const line = lines.next().value;
  if (!line) throw badInput(`${name}: ends where ${wanted} belongs`);
  if (line.text !== wanted) throw problem(line, `${shown(line.text)} where ${wanted} belongs`);
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function parseEntry({ text, number }: Line, order: number, problem: Problem) {
  const line = { text, number };
  const fields = text.split(/[ \t]+/);
  if (fields.length !== order + 1 && fields.length !== order + 2) {
    throw problem(
      line,
      `has ${fields.length} fields, where a ${order}-gram has ${order + 1} or ${order + 2}`,
    );
  }
  const numberIn = (field: string) => {
    if (NUMBER.test(field) && Number.isFinite(Number(field))) return Number(field);
    throw problem(line, `${shown(field)} is no number`);
  };
  const logProbability = numberIn(fields[0]!);
  if (logProbability > 0) throw problem(line, `${fields[0]} is the logarithm of no probability`);
  const last = fields[order + 1];
  return {
    logProbability,
    ngram: fields.slice(1, order + 1),
    backoff: last === undefined ? 0 : numberIn(last),
  };
}

function addWord(
  word: string,
  words: string[],
  idOf: Map<string, number>,
  line: Line,
  problem: Problem,
): void {
  if (idOf.has(word)) throw problem(line, `the word ${shown(word)} is there twice`);
  idOf.set(word, words.length);
  words.push(word);
}

function idsOf(
  ngram: readonly string[],
  idOf: ReadonlyMap<string, number>,
  line: Line,
  problem: Problem,
): number[] {
  return ngram.map((word) => {
    const id = idOf.get(word);
    if (id !== undefined) return id;
    throw problem(line, `the word ${shown(word)} is not among the 1-grams`);
  });
}

/** Numbers read back as the same doubles. */
export function serializeArpa({ words, orders }: NgramModel): string {
  const lines = [
    '\\data\\',
    ...orders.map(({ words: last }, i) => `ngram ${i + 1}=${last.length}`),
  ];
  orders.forEach((order, i) => {
    lines.push('', `\\${i + 1}-grams:`);
    for (let n = 0; n < order.words.length; n++) {
      const ngram = namesOf(ngramAt(orders, i, n), words);
      const backoff = i + 1 < orders.length ? `\t${order.backoffs[n]}` : '';
      lines.push(`${order.logProbabilities[n]}\t${ngram}${backoff}`);
    }
  });
  return `${[...lines, '', '\\end\\'].join('\n')}\n`;
}

/** The words of the n-gram with this index among those of its order. */
function ngramAt(orders: readonly NgramOrder[], order: number, index: number): number[] {
  const own = orders[order]!;
  const before = order === 0 ? [] : ngramAt(orders, order - 1, own.contexts[index]!);
  return [...before, own.words[index]!];
}
