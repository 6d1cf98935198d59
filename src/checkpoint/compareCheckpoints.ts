/**
 * How two checkpoints differ, tensor by tensor. What stands in one of them alone or does not fit
 * (another shape, bytes against numbers) is part of the result, not an error.
 */

import { setImmediate } from 'node:timers/promises';
import { FusionError } from '../errors.ts';
import { type Dtype, isMergeable } from '../tensor/dtype.ts';
import { type Shape, sameShape } from '../tensor/shape.ts';
import type { Checkpoint, TensorEntry } from './checkpoint.ts';
import { areComparable, type CompareContext, compareTensors } from './compareTensors.ts';
import { createPairKernels } from './pairKernels.ts';
import {
  addSums,
  cosineOf,
  emptySums,
  type PairSums,
  relativeDeltaOf,
  unchangedShareOf,
} from './pairSums.ts';
import { tensorByteLength } from './summary.ts';
import { openWeightBytes } from './weightBytes.ts';

/** The figures of one pair of tensors, or of all; null where one is not defined. */
export interface Difference {
  readonly elements: number;
  readonly unchanged: number;
  readonly unchangedShare: number | null;
  readonly cosine: number | null;
  readonly normA: number | null;
  readonly normB: number | null;
  /** |b - a| */
  readonly deltaNorm: number | null;
  /** |b - a| / |a| */
  readonly relativeDelta: number | null;
  /** Elements that are infinite or NaN on either side: in no norm and no cosine. */
  readonly nonFinite: number;
}

export interface TensorDifference extends Difference {
  readonly name: string;
  readonly shape: Shape;
  readonly dtypeA: Dtype;
  readonly dtypeB: Dtype;
}

export interface TensorOutline {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
}

/** Two tensors of one name that cannot be compared. */
export interface TensorMismatch {
  readonly name: string;
  readonly a: Omit<TensorOutline, 'name'>;
  readonly b: Omit<TensorOutline, 'name'>;
}

export interface CheckpointDifference {
  readonly a: string;
  readonly b: string;
  /** In the order of `a`. */
  readonly tensors: readonly TensorDifference[];
  readonly mismatches: readonly TensorMismatch[];
  readonly onlyInA: readonly TensorOutline[];
  readonly onlyInB: readonly TensorOutline[];
  /** All compared tensors of mergeable types as one vector; `elements` counts the others too. */
  readonly total: Difference;
}

export interface CompareOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

type Pair = readonly [TensorEntry, TensorEntry];

export async function compareCheckpoints(
  a: Checkpoint,
  b: Checkpoint,
  options: CompareOptions = {},
): Promise<CheckpointDifference> {
  const shared = [...a.tensors.values()].flatMap((entry): Pair[] => {
    const other = b.tensors.get(entry.name);
    return other ? [[entry, other]] : [];
  });
  const pairs = shared.filter((pair) => fits(pair));
  return {
    a: a.reference,
    b: b.reference,
    ...(await comparePairs(a, b, pairs, options)),
    mismatches: shared.filter((pair) => !fits(pair)).map(mismatchOf),
    onlyInA: outlinesWithout(a, b),
    onlyInB: outlinesWithout(b, a),
  };
}

function fits([a, b]: Pair): boolean {
  return sameShape(a.shape, b.shape) && areComparable(a, b);
}

async function comparePairs(
  a: Checkpoint,
  b: Checkpoint,
  pairs: readonly Pair[],
  options: CompareOptions,
): Promise<Pick<CheckpointDifference, 'tensors' | 'total'>> {
  const tensors: TensorDifference[] = [];
  const total = emptySums();
  const context = contextFor(pairs, options);
  const [bytesA, bytesB] = [openWeightBytes(a), openWeightBytes(b)];
  try {
    for (const [entryA, entryB] of pairs) {
      const sides = [
        { entry: entryA, bytes: bytesA },
        { entry: entryB, bytes: bytesB },
      ] as const;
      const sums = await compareTensors(...sides, context);
      addSums(total, sums);
      tensors.push(tensorDifference(entryA, entryB, sums));
    }
  } finally {
    bytesA.close();
    bytesB.close();
  }
  const hasNumbers = pairs.some(([{ dtype }]) => isMergeable(dtype));
  return { tensors, total: differenceOf(total, hasNumbers) };
}

const YIELD_MS = 50;

/** At first and then every now and then, reports progress and lets others have their turn. */
function contextFor(pairs: readonly Pair[], options: CompareOptions): CompareContext {
  const totalBytes = pairs.reduce(
    (sum, [a, b]) => sum + tensorByteLength(a) + tensorByteLength(b),
    0,
  );
  let doneBytes = 0;
  let yieldedMs = Number.NEGATIVE_INFINITY;
  return {
    kernels: createPairKernels(),
    async onChunk(byteLength) {
      doneBytes += byteLength;
      if (performance.now() - yieldedMs >= YIELD_MS) {
        options.onProgress?.(doneBytes, totalBytes);
        await setImmediate();
        yieldedMs = performance.now();
      }
      if (options.signal?.aborted) throw new FusionError('aborted', 'the comparison was stopped');
    },
  };
}

function tensorDifference(a: TensorEntry, b: TensorEntry, sums: PairSums): TensorDifference {
  const { name, shape } = a;
  const figures = differenceOf(sums, isMergeable(a.dtype));
  return { name, shape, dtypeA: a.dtype, dtypeB: b.dtype, ...figures };
}

function differenceOf(sums: PairSums, isNumeric: boolean): Difference {
  const { elements, unchanged, nonFinite, aa, bb, dd } = sums;
  return {
    elements,
    unchanged,
    unchangedShare: unchangedShareOf(sums) ?? null,
    cosine: cosineOf(sums) ?? null,
    normA: isNumeric ? Math.sqrt(aa) : null,
    normB: isNumeric ? Math.sqrt(bb) : null,
    deltaNorm: isNumeric ? Math.sqrt(dd) : null,
    relativeDelta: relativeDeltaOf(sums) ?? null,
    nonFinite,
  };
}

function mismatchOf([a, b]: Pair): TensorMismatch {
  return {
    name: a.name,
    a: { dtype: a.dtype, shape: a.shape },
    b: { dtype: b.dtype, shape: b.shape },
  };
}

function outlinesWithout(checkpoint: Checkpoint, other: Checkpoint): TensorOutline[] {
  return [...checkpoint.tensors.values()]
    .filter(({ name }) => !other.tensors.has(name))
    .map(({ name, dtype, shape }) => ({ name, dtype, shape }));
}

/** Whether nothing differs: the same tensors, all elements equal. */
export function isIdentical(difference: CheckpointDifference): boolean {
  const { mismatches, onlyInA, onlyInB, total } = difference;
  const unmatched = mismatches.length + onlyInA.length + onlyInB.length;
  return unmatched === 0 && total.unchanged === total.elements;
}
