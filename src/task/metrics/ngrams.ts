/**
 * The n-grams of texts, as numbers that can be compared without the texts.
 *
 * An n-gram is a pair of the n-gram before its last symbol and that symbol, so its number is found
 * from two numbers, and equal n-grams of texts that share a vocabulary have equal numbers. A text
 * keeps the sorted list of them, in which one that occurs twice stands twice: clipped counts are then
 * the length of a merge of two sorted lists, without a hash.
 */

/** Numbers given so far, for texts to be compared with each other; grows as texts are numbered. */
export interface NgramVocabulary {
  readonly symbols: Map<string, number>;
  readonly longer: Map<number, number>;
}

/** The n-grams of a text by order, from 1: sorted, repetitions kept. */
export type SortedNgrams = readonly Uint32Array[];

/** Two numbers below it make a key that a double holds exactly. */
const MOST_NUMBERS = 2 ** 26;

export function ngramVocabulary(): NgramVocabulary {
  return { symbols: new Map(), longer: new Map() };
}

/** @param symbols words or characters */
export function sortedNgrams(
  symbols: readonly string[],
  maxOrder: number,
  vocabulary: NgramVocabulary,
): SortedNgrams {
  const unigrams = Uint32Array.from(symbols, (symbol) => numberOfSymbol(symbol, vocabulary));
  const orders = [unigrams];
  for (let order = 2; order <= maxOrder; order++) {
    const shorter = orders[order - 2]!;
    const count = Math.max(0, symbols.length - order + 1);
    const ngrams = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      ngrams[i] = numberOfPair(shorter[i]!, unigrams[i + order - 1]!, vocabulary);
    }
    orders.push(ngrams);
  }
  return orders.map((ngrams) => ngrams.toSorted());
}

function numberOfSymbol(symbol: string, vocabulary: NgramVocabulary): number {
  const known = vocabulary.symbols.get(symbol);
  if (known !== undefined) return known;
  const next = nextNumber(vocabulary);
  vocabulary.symbols.set(symbol, next);
  return next;
}

function numberOfPair(start: number, last: number, vocabulary: NgramVocabulary): number {
  const key = start * MOST_NUMBERS + last;
  const known = vocabulary.longer.get(key);
  if (known !== undefined) return known;
  const next = nextNumber(vocabulary);
  vocabulary.longer.set(key, next);
  return next;
}

function nextNumber({ symbols, longer }: NgramVocabulary): number {
  return symbols.size + longer.size;
}

/** How many n-grams the texts share, each as often as it occurs in both. */
export function sharedCount(a: Uint32Array, b: Uint32Array): number {
  let i = 0;
  let j = 0;
  let shared = 0;
  const [aLength, bLength] = [a.length, b.length];
  // Additions, because a processor cannot foresee which of the branches it would be.
  while (i < aLength && j < bLength) {
    const difference = a[i]! - b[j]!;
    shared += Number(difference === 0);
    i += Number(difference <= 0);
    j += Number(difference >= 0);
  }
  return shared;
}

/** Every n-gram of either, as often as in the one that has it more often. */
export function mergedNgrams(a: Uint32Array, b: Uint32Array): Uint32Array {
  const merged: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = a[i] ?? Number.POSITIVE_INFINITY;
    const y = b[j] ?? Number.POSITIVE_INFINITY;
    merged.push(Math.min(x, y));
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return Uint32Array.from(merged);
}
