/**
 * Thins out tiles by the cuts of select.ts, called tile after tile, in order: of the elements that
 * have exactly a cut's key the first `take` are taken, whichever tiles they lie in.
 */

import type { Kernels, Pointer } from '../../kernel/kernels.ts';
import type { StoredDeltas, TileMachine } from './machine.ts';
import type { Tile } from './method.ts';
import type { Cut } from './select.ts';

export interface Trim {
  readonly key: number;
  /** The end of the magnitudes at which elements are dropped. */
  readonly drops: 'small' | 'large';
  /** Whether the elements that are taken are kept, or dropped. */
  readonly keepsTaken: boolean;
  /** How many elements with exactly this key are yet to be taken. */
  left: number;
  /** Zeroes elements of `target` by the magnitudes in `by`. */
  readonly apply: (by: Pointer, target: Pointer, count: number) => void;
}

/** Keeps the k largest, the cut being that of `{ largest: k }`. */
export function keepLargest(kernels: Kernels, cut: Cut): Trim {
  return trimOf(cut, 'small', true, (trim, by, target, count) => {
    const equal = kernels.zeroBelow(by, lowestKept(trim), target, count);
    if (trim.left === 0) return;
    if (equal > trim.left) kernels.zeroEqual(by, cut.key, trim.left, 1, target, count);
    trim.left = Math.max(0, trim.left - equal);
  });
}

/** Drops the k largest, the cut being that of `{ largest: k }`; `by` must not be `target`. */
export function dropLargest(kernels: Kernels, cut: Cut): Trim {
  return trimOf(cut, 'large', false, (trim, by, target, count) => {
    const equal = trim.left > 0 ? kernels.countKey(by, cut.key, count) : 0;
    if (equal > trim.left) {
      kernels.zeroEqual(by, cut.key, trim.left, 0, target, count);
      kernels.zeroFrom(by, cut.key + 1, target, count);
    } else kernels.zeroFrom(by, lowestDropped(trim), target, count);
    trim.left = Math.max(0, trim.left - equal);
  });
}

/** Drops the k smallest, the cut being that of `{ smallest: k }`; `by` must not be `target`. */
export function dropSmallest(kernels: Kernels, cut: Cut): Trim {
  return trimOf(cut, 'small', false, (trim, by, target, count) => {
    const equal = trim.left > 0 ? kernels.countKey(by, cut.key, count) : 0;
    if (equal > trim.left) {
      kernels.zeroEqual(by, cut.key, trim.left, 0, target, count);
      kernels.zeroBelow(by, cut.key, target, count);
    } else kernels.zeroBelow(by, lowestKept(trim), target, count);
    trim.left = Math.max(0, trim.left - equal);
  });
}

type Apply = (trim: Trim, by: Pointer, target: Pointer, count: number) => void;

function trimOf(cut: Cut, drops: Trim['drops'], keepsTaken: boolean, apply: Apply): Trim {
  const trim: Trim = {
    key: cut.key,
    drops,
    keepsTaken,
    left: cut.take,
    apply: (by, target, count) => apply(trim, by, target, count),
  };
  return trim;
}

/** Whether, as long as none or all of them are taken, elements with exactly this key are kept. */
function keepsEqual({ left, keepsTaken }: Trim): boolean {
  return left > 0 === keepsTaken;
}

function lowestKept(trim: Trim): number {
  return keepsEqual(trim) ? trim.key : trim.key + 1;
}

function lowestDropped(trim: Trim): number {
  return keepsEqual(trim) ? trim.key + 1 : trim.key;
}

/** Above the key of NaN, the largest. */
const ABOVE_ALL = 0x7f800002;

/**
 * Brings a tile of stored values' task vector to `target`, trimmed at one or both ends. The kernel
 * sees what is right unless only a part of the elements with a cut's key is taken; such a tile, of
 * which a cut has one, is trimmed by the long way.
 */
export function trimStored(
  machine: TileMachine,
  { input, base }: StoredDeltas,
  index: number,
  target: Pointer,
  trims: readonly Trim[],
): (tile: Tile) => void {
  const { kernels } = machine;
  const small = trims.find(({ drops }) => drops === 'small');
  const large = trims.find(({ drops }) => drops === 'large');
  const band = machine.bytes(24);
  const view = machine.uint32(band, 6);
  const magnitudes = machine.tile();
  return ({ count }) => {
    view[0] = small ? lowestKept(small) : 0;
    view[1] = large ? lowestDropped(large) : ABOVE_ALL;
    view[2] = small?.key ?? 0;
    view[3] = large?.key ?? 0;
    kernels.deltaWithinBf16(input(index), base(), band, target, count);
    const equal = (trim: Trim) => (trim === small ? view[4]! : view[5]!);
    if (trims.some((trim) => trim.left > 0 && equal(trim) > trim.left)) {
      kernels.deltaBf16(input(index), base(), target, count);
      kernels.scale(target, 1, magnitudes, count);
      for (const trim of trims) trim.apply(magnitudes, target, count);
    } else for (const trim of trims) trim.left = Math.max(0, trim.left - equal(trim));
  };
}
