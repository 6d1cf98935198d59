/**
 * The shape "Gram matrix, coefficients, combination": the result lies in the span of the inputs (or
 * of their task vectors), so a method is a function from the k x k matrix of inner products to k
 * coefficients. One pass adds up the matrix in float64, the second combines:
 *
 *   out = [base +] sum_i c_i v_i,   c = coefficients(G),   G_ij = <v_i, v_j>
 */

import type { Pointer } from '../../kernel/kernels.ts';
import type { TileMachine } from './machine.ts';
import {
  defineMethod,
  inputVectors,
  type MergeMethod,
  type Pass,
  scan,
  type TensorMerge,
  taskVectors,
  write,
  writeOnBase,
  writeWeightedSum,
} from './method.ts';

/** Inner products of k vectors. */
export interface Gram {
  readonly size: number;
  readonly at: (i: number, j: number) => number;
}

/** What one matrix stands for: the whole tensor, each of its rows, or each of its columns. */
export type Grouping = 'tensor' | 'row' | 'column';

export interface GramRule {
  readonly coefficients: (gram: Gram, tensor: TensorMerge) => readonly number[];
  readonly grouping?: (tensor: TensorMerge) => Grouping;
}

type Shared = 'passes' | 'unit' | 'wholeRows' | 'scratchBytes' | 'reads';

export function defineGramMethod(
  method: Omit<Parameters<typeof defineMethod>[0], Shared> & GramRule,
): MergeMethod {
  const { coefficients, grouping = () => 'tensor' as const, ...rest } = method;
  return defineMethod({
    ...rest,
    reads: 2,
    unit: (tensor) => (grouping(tensor) === 'row' ? 'row' : 'tensor'),
    wholeRows: (tensor) => grouping(tensor) !== 'tensor',
    scratchBytes: (tensor) => gramScratchBytes(tensor, grouping(tensor)),
    passes: (tensor, machine) => PASSES[grouping(tensor)](tensor, machine, coefficients),
  });
}

/** Reads the upper triangle of a k x k matrix, stored row by row. */
export function gramOf(triangle: ArrayLike<number>, size: number): Gram {
  return {
    size,
    at(i, j) {
      const [a, b] = i <= j ? [i, j] : [j, i];
      return triangle[a * size - (a * (a - 1)) / 2 + (b - a)] ?? Number.NaN;
    },
  };
}

export function normOf(gram: Gram, i: number): number {
  return Math.sqrt(gram.at(i, i));
}

type Coefficients = GramRule['coefficients'];
type Passes = (t: TensorMerge, m: TileMachine, coefficients: Coefficients) => Iterable<Pass>;
const PASSES: Record<Grouping, Passes> = { tensor: byTensor, row: byRow, column: byColumn };

/** The vectors that the matrix is made of, and a pass that writes their combination. */
function vectorsOf(tensor: TensorMerge, machine: TileMachine) {
  return tensor.hasBase
    ? {
        ...taskVectors(machine),
        writeFrom: (fill: Pass['tile']) => writeOnBase(machine, 1, fill),
      }
    : { ...inputVectors(machine), writeFrom: write };
}

function triangleLength(k: number): number {
  return (k * (k + 1)) / 2;
}

function* byTensor(
  tensor: TensorMerge,
  machine: TileMachine,
  coefficients: Coefficients,
): Generator<Pass> {
  const { kernels, out } = machine;
  const { vectors, fill, writeFrom } = vectorsOf(tensor, machine);
  const k = vectors.length;
  const list = machine.list(vectors);
  const triangle = machine.bytes(triangleLength(k) * 8);
  yield scan((tile) => {
    fill(tile);
    kernels.addGram(list, k, triangle, tile.count);
  });
  const gram = gramOf(machine.float64(triangle, triangleLength(k)), k);
  const weights = machine.numbers(coefficients(gram, tensor));
  if (!tensor.hasBase) return yield writeWeightedSum(machine, { vectors, fill }, weights);
  yield writeFrom((tile) => {
    fill(tile);
    kernels.weightedSum(list, weights, k, out, tile.count);
  });
}

/** Rows are merged by themselves: a row is in memory, so one read serves both steps. */
function* byRow(
  tensor: TensorMerge,
  machine: TileMachine,
  coefficients: Coefficients,
): Generator<Pass> {
  const { kernels } = machine;
  const { vectors, fill, writeFrom } = vectorsOf(tensor, machine);
  const k = vectors.length;
  const triangle = machine.bytes(triangleLength(k) * 8);
  const sums = machine.float64(triangle, triangleLength(k));
  const row = rowPointers(machine, vectors, tensor.rowLength);
  const weights = machine.numbers(vectors.map(() => 0));
  const weightView = machine.view(weights, k);
  const gram = gramOf(sums, k);
  yield writeFrom((tile) => {
    fill(tile);
    for (let offset = 0; offset < tile.count; offset += tensor.rowLength) {
      const { list, out } = row(offset);
      sums.fill(0);
      kernels.addGram(list, k, triangle, tensor.rowLength);
      weightView.set(coefficients(gram, tensor));
      kernels.weightedSum(list, weights, k, out, tensor.rowLength);
    }
  });
}

/** Pointers to the same row of all vectors and of the result. */
function rowPointers(machine: TileMachine, vectors: readonly Pointer[], rowLength: number) {
  const list = machine.list(vectors);
  const pointers = machine.uint32(list, vectors.length);
  if (rowLength === 0) throw new Error('a row of no elements has no tile');
  return (offset: number) => {
    const bytes = offset * machine.kernels.numberBytes;
    vectors.forEach((pointer, i) => {
      pointers[i] = pointer + bytes;
    });
    return { list, out: machine.out + bytes };
  };
}

function* byColumn(
  tensor: TensorMerge,
  machine: TileMachine,
  coefficients: Coefficients,
): Generator<Pass> {
  const { kernels } = machine;
  const { vectors, fill, writeFrom } = vectorsOf(tensor, machine);
  const k = vectors.length;
  const columns = tensor.rowLength;
  const entries = triangleLength(k);
  const sums = machine.bytes(entries * columns * 8);
  const numberBytes = kernels.numberBytes;
  yield scan((tile) => {
    fill(tile);
    for (let offset = 0; offset < tile.count; offset += columns) {
      let entry = sums;
      for (let a = 0; a < k; a++) {
        for (let b = a; b < k; b++, entry += columns * 8) {
          const at = offset * numberBytes;
          kernels.addProducts(vectors[a]! + at, vectors[b]! + at, entry, columns);
        }
      }
    }
  });
  const weights = columnWeights(tensor, machine, sums, k, coefficients);
  const row = rowPointers(machine, vectors, columns);
  yield writeFrom((tile) => {
    fill(tile);
    for (let offset = 0; offset < tile.count; offset += columns) {
      const { list, out } = row(offset);
      kernels.weightedSumByElement(list, weights, k, out, columns);
    }
  });
}

/** For each vector one coefficient per column. */
function columnWeights(
  tensor: TensorMerge,
  machine: TileMachine,
  sums: Pointer,
  k: number,
  coefficients: Coefficients,
): Pointer {
  const columns = tensor.rowLength;
  const entries = triangleLength(k);
  const matrix = machine.float64(sums, entries * columns);
  const triangle = new Float64Array(entries);
  const gram = gramOf(triangle, k);
  const pointers = Array.from({ length: k }, () =>
    machine.bytes((columns + 4) * machine.kernels.numberBytes),
  );
  const views = pointers.map((pointer) => machine.view(pointer, columns));
  for (let column = 0; column < columns; column++) {
    for (let entry = 0; entry < entries; entry++) {
      triangle[entry] = matrix[entry * columns + column]!;
    }
    coefficients(gram, tensor).forEach((value, i) => {
      views[i]![column] = value;
    });
  }
  return machine.list(pointers);
}

function gramScratchBytes(tensor: TensorMerge, grouping: Grouping): number {
  const k = tensor.models.length;
  const fixed = 4096 + triangleLength(k) * 8 + k * 32;
  if (grouping !== 'column') return fixed;
  return fixed + (triangleLength(k) + k) * (tensor.rowLength + 8) * 8;
}
