/**
 * Text to a sparse vector: counts of word n-grams and of character n-grams within words, hashed.
 *
 * The hashing trick with signs (K. Weinberger et al., "Feature Hashing for Large Scale Multitask
 * Learning", ICML 2009): n-grams that fall into one bucket cancel on average, so inner products
 * stay unbiased. Character n-grams as in fastText (P. Bojanowski et al., TACL 2017): of
 * `<word>`, the marks being part of the n-gram. An n-gram that occurs c times weighs 1 + ln c
 * (sublinear), and a text's vector has length 1. There is no vocabulary and nothing is fitted.
 */

import { badInput } from '../errors.ts';
import { mixUint32 } from '../numeric/random.ts';

export interface NgramFeatureSettings {
  /** Word n-grams of length 1 up to this. */
  readonly maxWordNgram: number;
  /** Character n-grams of these lengths; `[0, 0]` for none. */
  readonly charNgrams: readonly [minimum: number, maximum: number];
  /** Length of the vector; a power of two. */
  readonly buckets: number;
}

/** Bucket numbers, ascending, each with its value; of equal length. */
export interface SparseVector {
  readonly indices: Uint32Array;
  readonly values: Float64Array;
}

export const DEFAULT_NGRAM_FEATURES: NgramFeatureSettings = {
  maxWordNgram: 2,
  charNgrams: [3, 4],
  buckets: 2 ** 16,
};

/** 2^31, because the highest bit of the hash is the sign. */
const MAX_BUCKETS = 2 ** 31;
const MAX_NGRAM = 32;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

const encoder = new TextEncoder();
/** Word n-grams start with `w:`, so that the word `ab` is not the characters `ab`. */
const CHAR_NGRAM_START = fnv1a('c:');

/** A run of letters and digits, joined by apostrophes and hyphens, or one other visible sign. */
const TOKEN = /[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*|[^\s\p{L}\p{M}\p{N}]/gu;

export function assertNgramFeatureSettings(settings: NgramFeatureSettings): void {
  const { maxWordNgram, charNgrams, buckets } = settings;
  const [minimum, maximum] = charNgrams;
  if (!Number.isInteger(Math.log2(buckets)) || buckets < 1 || buckets > MAX_BUCKETS) {
    throw badInput(`buckets: ${buckets} is not a power of two up to ${MAX_BUCKETS}`);
  }
  for (const length of [maxWordNgram, minimum, maximum]) {
    if (Number.isInteger(length) && length >= 0 && length <= MAX_NGRAM) continue;
    throw badInput(`n-gram length: ${length} is not an integer from 0 to ${MAX_NGRAM}`);
  }
  if (minimum > maximum) {
    throw badInput(`charNgrams: the minimum ${minimum} is above the maximum ${maximum}`);
  }
}

export function ngramFeatures(text: string, settings: NgramFeatureSettings): SparseVector {
  assertNgramFeatureSettings(settings);
  return hashedVector(ngramHashes(text, settings), settings.buckets);
}

/** Lower-case tokens: words, and punctuation marks one by one. */
export function tokenize(text: string): readonly string[] {
  return text.toLowerCase().match(TOKEN) ?? [];
}

/** The hash of every n-gram in the text, once per occurrence. */
function ngramHashes(text: string, settings: NgramFeatureSettings): number[] {
  const words = tokenize(text);
  const hashes: number[] = [];
  for (let length = 1; length <= settings.maxWordNgram; length++) {
    for (let start = 0; start + length <= words.length; start++) {
      // No token holds a space, so joined n-grams cannot be confused with one another.
      hashes.push(hashNgram(`w:${words.slice(start, start + length).join(' ')}`));
    }
  }
  for (const word of words) pushCharNgrams(hashes, word, settings.charNgrams);
  return hashes;
}

/** The hash of `c:` and the n-gram, continued from one length to the next. */
function pushCharNgrams(
  hashes: number[],
  word: string,
  [minimum, maximum]: readonly [number, number],
): void {
  const bytes = encoder.encode(`<${word}>`);
  for (let start = 0; start < bytes.length; start++) {
    if (!startsCharacter(bytes, start)) continue;
    let hash = CHAR_NGRAM_START;
    let length = 0;
    for (let end = start; end < bytes.length && length < maximum; end++) {
      hash = fnv1aStep(hash, bytes[end]!);
      if (!startsCharacter(bytes, end + 1)) continue;
      length++;
      if (length >= minimum) hashes.push(mixUint32(hash));
    }
  }
}

/** Whether a UTF-8 character, or the end of the text, is at this place. */
function startsCharacter(bytes: Uint8Array, position: number): boolean {
  return position >= bytes.length || (bytes[position]! & 0xc0) !== 0x80;
}

/** Equal hashes count as one n-gram; then each n-gram adds its weight to its bucket. */
function hashedVector(hashes: readonly number[], buckets: number): SparseVector {
  const counts = new Map<number, number>();
  for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  const sums = new Map<number, number>();
  for (const [hash, count] of counts) {
    const bucket = hash & (buckets - 1);
    const weight = 1 + Math.log(count);
    sums.set(bucket, (sums.get(bucket) ?? 0) + (hash >>> 31 ? -weight : weight));
  }
  const indices = Uint32Array.from(sums.keys()).sort();
  return normalized(
    indices,
    Float64Array.from(indices, (bucket) => sums.get(bucket)!),
  );
}

function normalized(indices: Uint32Array, values: Float64Array): SparseVector {
  const norm = Math.sqrt(values.reduce((total, value) => total + value * value, 0));
  return { indices, values: norm > 0 ? values.map((value) => value / norm) : values };
}

/** FNV-1a, then mixed: FNV alone spreads short strings badly over its high bits. */
export function hashNgram(text: string): number {
  return mixUint32(fnv1a(text));
}

/** FNV-1a of the text's UTF-8 bytes, 32 bits (draft-eastlake-fnv; G. Fowler, L. C. Noll, K.-P. Vo). */
export function fnv1a(text: string): number {
  let hash = FNV_OFFSET;
  for (const byte of encoder.encode(text)) hash = fnv1aStep(hash, byte);
  return hash >>> 0;
}

function fnv1aStep(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, FNV_PRIME);
}
