/**
 * The shape "statistics, threshold, elementwise": finds exact order statistics of magnitudes by
 * histograms (kernel/assembly/select.ts) in two scans, and trims tiles by them. Equal magnitudes are
 * taken in order of index, so a selection has exactly the wanted size.
 */

import { COARSE_BINS, FINE_BINS, type Kernels, type Pointer } from '../../kernel/kernels.ts';
import type { TileMachine } from './machine.ts';
import { type Pass, scan, type Tile } from './method.ts';

/** The k-th largest or k-th smallest magnitude of a vector, k counting from 1. */
export type Rank = { readonly largest: number } | { readonly smallest: number };

/** A magnitude's key, and how many of the elements that have exactly this key are selected. */
export interface Cut {
  readonly key: number;
  readonly take: number;
}

export interface SelectRequest {
  readonly vectors: readonly Pointer[];
  readonly elementCount: number;
  /** Fills the vectors' tiles. */
  readonly fill: (tile: Tile) => void;
  /** The ranks wanted of a vector, given how many of its elements are not zero; 1 <= k <= n. */
  readonly ranks: (vector: number, nonzero: number) => readonly Rank[];
}

interface CoarseBin {
  readonly index: number;
  /** Elements in the bins before this one. */
  readonly below: number;
}

/** Bytes of the histograms for this many vectors and ranks. */
export function selectScratchBytes(vectors: number, ranksPerVector: number): number {
  return vectors * (COARSE_BINS * 4 + ranksPerVector * FINE_BINS * 4 + 64);
}

/** Scans the tensor twice; returns for each vector one cut per rank. */
export function* selectCuts(
  machine: TileMachine,
  request: SelectRequest,
): Generator<Pass, readonly (readonly Cut[])[]> {
  const { vectors, elementCount, fill } = request;
  const { kernels } = machine;
  const coarse = vectors.map(() => machine.bytes(COARSE_BINS * 4));
  yield scan((tile) => {
    fill(tile);
    vectors.forEach((x, v) => {
      kernels.histogramCoarse(x, coarse[v]!, tile.count);
    });
  });
  const searches = coarse.flatMap((bins, v) => {
    const counts = machine.uint32(bins, COARSE_BINS);
    return request.ranks(v, elementCount - counts[0]!).map((rank) => {
      const bin = locate(counts, ascendingIndex(rank, elementCount));
      return { v, rank, bin, fine: bin.index === 0 ? 0 : machine.bytes(FINE_BINS * 4) };
    });
  });
  if (searches.some((search) => search.fine !== 0)) {
    yield scan((tile) => {
      fill(tile);
      for (const { v, bin, fine } of searches) {
        if (fine === 0) continue;
        kernels.histogramFine(vectors[v]!, firstKey(bin), fine, tile.count);
      }
    });
  }
  const cuts: Cut[][] = vectors.map(() => []);
  for (const { v, rank, bin, fine } of searches) {
    cuts[v]!.push(resolveCut(machine, rank, elementCount, bin, fine, coarse[v]!));
  }
  return cuts;
}

function ascendingIndex(rank: Rank, elementCount: number): number {
  return 'largest' in rank ? elementCount - rank.largest : rank.smallest - 1;
}

function locate(counts: Uint32Array, index: number): CoarseBin {
  let below = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    if (index < below + counts[bin]!) return { index: bin, below };
    below += counts[bin]!;
  }
  throw new Error(`rank ${index} is beyond the ${below} elements counted`);
}

function firstKey(bin: CoarseBin): number {
  return (bin.index - 1) * FINE_BINS + 1;
}

function resolveCut(
  machine: TileMachine,
  rank: Rank,
  elementCount: number,
  bin: CoarseBin,
  fine: Pointer,
  coarse: Pointer,
): Cut {
  let key = 0;
  let below = bin.below;
  let equal = machine.uint32(coarse, 1)[0]!;
  if (fine !== 0) {
    const counts = machine.uint32(fine, FINE_BINS);
    const offset = locate(counts, ascendingIndex(rank, elementCount) - below);
    key = firstKey(bin) + offset.index;
    below += offset.below;
    equal = counts[offset.index]!;
  }
  const take =
    'largest' in rank ? rank.largest - (elementCount - below - equal) : rank.smallest - below;
  return { key, take };
}

/** Zeroes elements of `target` by the magnitudes in `by`; called tile after tile, in order. */
export type Trim = (by: Pointer, target: Pointer, count: number) => void;

interface TrimRule {
  /** What to do when no element with the cut's key is left to take. */
  readonly whenTaken: (k: Kernels, by: Pointer, target: Pointer, count: number) => unknown;
  /** What to do while all elements with the cut's key are taken. */
  readonly whenAll: (k: Kernels, by: Pointer, target: Pointer, count: number) => unknown;
  /** The tile in which the last one is taken: `few` of its elements with that key are. */
  readonly between: (k: Kernels, by: Pointer, few: number, target: Pointer, count: number) => void;
}

function trimmer(kernels: Kernels, cut: Cut, rule: TrimRule): Trim {
  let left = cut.take;
  return (by, target, count) => {
    const equal = left > 0 ? kernels.countKey(by, cut.key, count) : 0;
    if (left === 0) rule.whenTaken(kernels, by, target, count);
    else if (equal <= left) rule.whenAll(kernels, by, target, count);
    else rule.between(kernels, by, left, target, count);
    left = Math.max(0, left - equal);
  };
}

/** Keeps the k largest, the cut being that of `{ largest: k }`. */
export function keepLargest(kernels: Kernels, cut: Cut): Trim {
  let left = cut.take;
  return (by, target, count) => {
    if (left === 0) {
      kernels.zeroBelow(by, cut.key + 1, target, count);
      return;
    }
    const equal = kernels.zeroBelow(by, cut.key, target, count);
    if (equal > left) kernels.zeroEqual(by, cut.key, left, 1, target, count);
    left = Math.max(0, left - equal);
  };
}

/** Drops the k largest, the cut being that of `{ largest: k }`; `by` must not be `target`. */
export function dropLargest(kernels: Kernels, cut: Cut): Trim {
  return trimmer(kernels, cut, {
    whenTaken: (k, by, target, n) => k.zeroFrom(by, cut.key + 1, target, n),
    whenAll: (k, by, target, n) => k.zeroFrom(by, cut.key, target, n),
    between(k, by, few, target, n) {
      k.zeroEqual(by, cut.key, few, 0, target, n);
      k.zeroFrom(by, cut.key + 1, target, n);
    },
  });
}

/** Drops the k smallest, the cut being that of `{ smallest: k }`; `by` must not be `target`. */
export function dropSmallest(kernels: Kernels, cut: Cut): Trim {
  return trimmer(kernels, cut, {
    whenTaken: (k, by, target, n) => k.zeroBelow(by, cut.key, target, n),
    whenAll: (k, by, target, n) => k.zeroBelow(by, cut.key + 1, target, n),
    between(k, by, few, target, n) {
      k.zeroEqual(by, cut.key, few, 0, target, n);
      k.zeroBelow(by, cut.key, target, n);
    },
  });
}
