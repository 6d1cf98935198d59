/** Boxes of index space: how a range of row-major elements is cut into rectangular parts. */

import type { Shape } from '../tensor/shape.ts';

export interface BoxDimension {
  readonly size: number;
  /** Elements between neighbours in the file. */
  readonly stride: number;
  /** Elements between neighbours in the target. */
  readonly step: number;
}

export interface Box {
  /** Its first element in the file, relative to the view's first. */
  readonly source: number;
  /** Its first element in the target. */
  readonly target: number;
  /** Outermost first, those of size 1 left out. */
  readonly dimensions: readonly BoxDimension[];
}

/** Boxes that make up the row-major elements `[start, end)`; at most two per dimension. */
export function boxesOfRange(
  shape: Shape,
  strides: readonly number[],
  start: number,
  end: number,
): Box[] {
  const dimensions = coalesced(shape, strides);
  const boxes: Box[] = [];
  addBoxes(dimensions, start, end, { source: 0, target: -start }, boxes);
  return boxes;
}

/** Drops dimensions of size 1 and joins neighbours that step through the file as one. */
function coalesced(shape: Shape, strides: readonly number[]): BoxDimension[] {
  const dimensions: BoxDimension[] = [];
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i] as number;
    const stride = strides[i] as number;
    const inner = dimensions[0];
    if (inner && size !== 1 && stride === inner.stride * inner.size) {
      dimensions[0] = { ...inner, size: inner.size * size };
    } else if (size !== 1) {
      dimensions.unshift({ size, stride, step });
    }
    step *= size;
  }
  return dimensions;
}

/** Appends the boxes of `[start, end)` within `dimensions`, whose first element is at `origin`. */
function addBoxes(
  dimensions: readonly BoxDimension[],
  start: number,
  end: number,
  origin: { readonly source: number; readonly target: number },
  boxes: Box[],
): void {
  const [outer, ...inner] = dimensions;
  if (start >= end) return;
  if (!outer) {
    boxes.push({ ...origin, dimensions });
    return;
  }
  const at = (index: number) => ({
    source: origin.source + index * outer.stride,
    target: origin.target + index * outer.step,
  });
  const first = Math.floor(start / outer.step);
  const last = Math.floor((end - 1) / outer.step);
  const addPart = (index: number, from: number, to: number) => {
    const base = index * outer.step;
    addBoxes(inner, from - base, to - base, at(index), boxes);
  };
  if (first === last && end - start < outer.step) {
    addPart(first, start, end);
    return;
  }
  const wholeStart = Math.ceil(start / outer.step);
  const wholeEnd = Math.floor(end / outer.step);
  addPart(first, start, wholeStart * outer.step);
  if (wholeStart < wholeEnd) {
    const whole = { ...outer, size: wholeEnd - wholeStart };
    boxes.push({ ...at(wholeStart), dimensions: [whole, ...inner].filter(({ size }) => size > 1) });
  }
  addPart(last, Math.max(start, wholeEnd * outer.step), end);
}

/** `box` cut in two along `dimension`, which is one of its own. */
export function halves(box: Box, dimension: BoxDimension): [Box, Box] {
  const firstSize = Math.ceil(dimension.size / 2);
  const resized = (size: number) =>
    box.dimensions.map((each) => (each === dimension ? { ...each, size } : each));
  return [
    { ...box, dimensions: resized(firstSize) },
    {
      source: box.source + firstSize * dimension.stride,
      target: box.target + firstSize * dimension.step,
      dimensions: resized(dimension.size - firstSize),
    },
  ];
}
