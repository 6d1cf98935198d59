/** Shapes: lists of non-negative integers, outermost dimension first; `[]` is a scalar. */

import { badInput } from '../errors.ts';

export type Shape = readonly number[];

/** Product of the dimensions; refuses what a double cannot count exactly. */
export function elementCountOf(shape: Shape, subject: string): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw badInput(`${subject}: dimension ${size} in shape ${formatShape(shape)} is not a size`);
    }
    count *= size;
  }
  if (!Number.isSafeInteger(count)) {
    throw badInput(`${subject}: shape ${formatShape(shape)} has more elements than can be counted`);
  }
  return shape.includes(0) ? 0 : count;
}

/** Elements of the last dimension, which methods call a row; a scalar is a row of one. */
export function rowLengthOf(shape: Shape): number {
  return shape.at(-1) ?? 1;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}
