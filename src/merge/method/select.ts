/**
 * The shape "statistics, threshold, elementwise": finds exact order statistics of magnitudes by
 * histograms (kernel/assembly/select.ts), by which trim.ts trims tiles. Equal magnitudes are taken in
 * order of index, so a selection has exactly the wanted size.
 *
 * A small sample of a large tensor tells within which range of keys a rank will lie; one scan then
 * counts what is below the range and, key by key, what is in it, and the rank is exact. Where the
 * sample misled, and in small tensors, two scans do: a coarse histogram, and the keys of one bin.
 */

import { COARSE_BINS, KEYS_PER_BIN, type Pointer } from '../../kernel/kernels.ts';
import type { TileMachine } from './machine.ts';
import { type Pass, sample, scan, type Tile, type Vectors } from './method.ts';

/** The k-th largest or k-th smallest magnitude of a vector, k counting from 1. */
export type Rank = { readonly largest: number } | { readonly smallest: number };

/** A magnitude's key, and how many of the elements that have exactly this key are selected. */
export interface Cut {
  readonly key: number;
  readonly take: number;
}

export interface SelectRequest extends Vectors {
  readonly elementCount: number;
  /** Whether the ranks depend on how many elements are not zero. */
  readonly countsZeros?: true;
  /** The ranks wanted of a vector, given how many of its elements are not zero; 1 <= k <= n. */
  readonly ranks: (vector: number, nonzero: number) => readonly Rank[];
}

/** Smaller tensors are scanned twice instead: a sample of them would say little. */
const SAMPLED_NUMBERS = 1 << 20;
/** Of so many elements the median is known to 0.3 % of its size (one standard error), ... */
const SAMPLE_NUMBERS = 1 << 17;
/** ... and half of so many coarse bins, each 0.2 to 0.4 % wide, are several of these. */
const PREDICTED_BINS = 12;
const RANGE_KEYS = PREDICTED_BINS * KEYS_PER_BIN;
const LARGEST_KEY = 0x7f800001;

/** A range of keys to be counted one by one, and what was counted. */
interface Search {
  readonly vector: number;
  readonly first: number;
  readonly size: number;
  readonly bins: Pointer;
  /** Elements with a key below `first`. */
  below: number;
}

/** Bytes of the histograms for this many vectors and ranks. */
export function selectScratchBytes(vectors: number, ranksPerVector: number): number {
  return vectors * (COARSE_BINS * 4 + ranksPerVector * RANGE_KEYS * 4 + 64);
}

/** Returns for each vector one cut per rank. */
export function* selectCuts(
  machine: TileMachine,
  request: SelectRequest,
): Generator<Pass, readonly (readonly Cut[])[]> {
  const memory = allocate(machine, request);
  const predicted =
    request.elementCount >= SAMPLED_NUMBERS
      ? yield* selectPredicted(machine, request, memory)
      : undefined;
  return predicted ?? (yield* selectCounted(machine, request, memory));
}

interface SelectMemory {
  readonly coarse: readonly Pointer[];
  /** One table per vector and rank. */
  readonly ranges: readonly (readonly Pointer[])[];
}

function allocate(machine: TileMachine, { vectors, ranks, elementCount }: SelectRequest) {
  const size = elementCount >= SAMPLED_NUMBERS ? RANGE_KEYS : KEYS_PER_BIN;
  return {
    coarse: vectors.map(() => machine.bytes(COARSE_BINS * 4)),
    ranges: vectors.map((_, v) => ranks(v, elementCount).map(() => machine.bytes(size * 4))),
  };
}

/** One scan of ranges that a sample predicts; undefined when a rank lies outside its range. */
function* selectPredicted(
  machine: TileMachine,
  request: SelectRequest,
  memory: SelectMemory,
): Generator<Pass, Cut[][] | undefined> {
  const { vectors, elementCount, fill } = request;
  const { kernels } = machine;
  let sampled = 0;
  yield sample(SAMPLE_NUMBERS, (tile) => {
    fill(tile);
    sampled += tile.count;
    vectors.forEach((x, v) => {
      kernels.histogramCoarse(x, memory.coarse[v]!, tile.count);
    });
  });
  const share = sampled / elementCount;
  const searches = vectors.flatMap((_, v) => {
    const counts = machine.uint32(memory.coarse[v]!, COARSE_BINS);
    const nonzero = Math.min(elementCount, Math.round((sampled - counts[0]!) / share));
    return request.ranks(v, nonzero).map((rank, r): Search => {
      const index = Math.floor(ascendingIndex(rank, elementCount) * share);
      const { bin } = locate(counts, Math.min(index, sampled - 1));
      const lowest = Math.max(0, firstKey(bin - PREDICTED_BINS / 2));
      const first = Math.min(lowest, LARGEST_KEY + 1 - RANGE_KEYS);
      return { vector: v, first, size: RANGE_KEYS, bins: memory.ranges[v]![r]!, below: 0 };
    });
  });
  const zeros = vectors.map(() => 0);
  yield scan((tile) => {
    countRanges(machine, request, searches, tile);
    if (request.countsZeros) {
      vectors.forEach((x, v) => {
        zeros[v]! += kernels.countKey(x, 0, tile.count);
      });
    }
  });
  return resolveCuts(machine, request, searches, zeros);
}

/** Two scans: coarse bins, then the keys of the bins in which the ranks lie. */
function* selectCounted(
  machine: TileMachine,
  request: SelectRequest,
  memory: SelectMemory,
): Generator<Pass, Cut[][]> {
  const { vectors, elementCount, fill } = request;
  const { kernels } = machine;
  const coarse = memory.coarse.map((pointer) => machine.uint32(pointer, COARSE_BINS).fill(0));
  yield scan((tile) => {
    fill(tile);
    vectors.forEach((x, v) => {
      kernels.histogramCoarse(x, memory.coarse[v]!, tile.count);
    });
  });
  const zeros = coarse.map((counts) => counts[0]!);
  const searches = vectors.flatMap((_, v) =>
    request.ranks(v, elementCount - zeros[v]!).map((rank, r): Search => {
      const { bin } = locate(coarse[v]!, ascendingIndex(rank, elementCount));
      const bins = memory.ranges[v]![r]!;
      machine.uint32(bins, KEYS_PER_BIN).fill(0);
      return { vector: v, first: Math.max(0, firstKey(bin)), size: KEYS_PER_BIN, bins, below: 0 };
    }),
  );
  if (searches.length > 0) {
    yield scan((tile) => {
      countRanges(machine, request, searches, tile);
    });
  }
  const cuts = resolveCuts(machine, request, searches, zeros);
  if (cuts) return cuts;
  throw new Error('a rank lies outside the bin that the coarse histogram names');
}

function countRanges(
  { kernels }: TileMachine,
  { vectors, fill, histogramKeys }: SelectRequest,
  searches: readonly Search[],
  tile: Tile,
): void {
  if (!histogramKeys) fill(tile);
  for (const search of searches) {
    const { vector, first, size, bins } = search;
    search.below += histogramKeys
      ? histogramKeys(vector, first, size, bins, tile.count)
      : kernels.histogramKeys(vectors[vector]!, first, size, bins, tile.count);
  }
}

/** The cuts of all ranks; undefined if one of them is not within the range searched. */
function resolveCuts(
  machine: TileMachine,
  { vectors, elementCount, ranks }: SelectRequest,
  searches: readonly Search[],
  zeros: readonly number[],
): Cut[][] | undefined {
  const cuts: Cut[][] = [];
  for (let v = 0; v < vectors.length; v++) {
    const own = searches.filter(({ vector }) => vector === v);
    const wanted = ranks(v, elementCount - zeros[v]!);
    if (own.length !== wanted.length) return undefined;
    const found = wanted.map((rank, r) => cutOf(machine, rank, elementCount, own[r]!));
    const complete = found.filter((cut) => cut !== undefined);
    if (complete.length < found.length) return undefined;
    cuts.push(complete);
  }
  return cuts;
}

function cutOf(
  machine: TileMachine,
  rank: Rank,
  elementCount: number,
  { first, size, bins, below }: Search,
): Cut | undefined {
  const index = ascendingIndex(rank, elementCount) - below;
  if (index < 0) return undefined;
  const counts = machine.uint32(bins, size);
  const place = locate(counts, index);
  if (place.bin === size) return undefined;
  const under = below + place.below;
  const equal = counts[place.bin]!;
  const take =
    'largest' in rank ? rank.largest - (elementCount - under - equal) : rank.smallest - under;
  return { key: first + place.bin, take };
}

function ascendingIndex(rank: Rank, elementCount: number): number {
  return 'largest' in rank ? elementCount - rank.largest : rank.smallest - 1;
}

/** The bin that holds the element of this index; the number of bins when none does. */
function locate(counts: Uint32Array, index: number): { bin: number; below: number } {
  let below = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    if (index < below + counts[bin]!) return { bin, below };
    below += counts[bin]!;
  }
  return { bin: counts.length, below };
}

/** Bin 0 holds key 0 alone. */
function firstKey(bin: number): number {
  return (bin - 1) * KEYS_PER_BIN + 1;
}
