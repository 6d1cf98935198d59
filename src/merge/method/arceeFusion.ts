/**
 * arcee_fusion: take over the elements whose change is important, importance being the change times
 * the divergence of the row,
 *
 *   imp_j = |x_j - base_j| KL(softmax(x) + 1e-8 || softmax(base) + 1e-8),
 *
 * important being imp_j >= median + 1.5 (q3 - q1), with quantile q = sorted[floor(q (n - 1))] over
 * all elements. Divergence and product are float64; importances are compared as float32.
 *
 * The rule is Arcee's (mergekit 0.1); no paper.
 */

import { divergenceScratchBytes, type Pointer } from '../../kernel/kernels.ts';
import type { TileMachine } from './machine.ts';
import {
  defineMethod,
  inputVectors,
  type TensorMerge,
  type Tile,
  taskVectors,
  writeOnBase,
} from './method.ts';
import { type Cut, selectCuts, selectScratchBytes } from './select.ts';

/** Divergences of up to this many rows are remembered; of more they are computed in each pass. */
const REMEMBERED_ROWS = 1 << 20;
const QUARTILES = [0.25, 0.5, 0.75] as const;
const SPREADS = 1.5;

export const arceeFusion = defineMethod({
  name: 'arcee_fusion',
  base: 'required',
  inputs: { min: 1, max: 1 },
  modelParameters: {},
  globalParameters: {},
  reads: 2,
  unit: () => 'tensor',
  wholeRows: () => true,
  scratchBytes: (tensor) =>
    selectScratchBytes(1, QUARTILES.length) +
    divergenceScratchBytes(tensor.rowLength) +
    rememberedRows(tensor) * 8 +
    4096,
  *passes(tensor, machine) {
    const { kernels, out } = machine;
    const deltas = taskVectors(machine);
    const inputs = inputVectors(machine);
    const delta = deltas.vectors[0]!;
    const importance = machine.tile();
    const fill = (tile: Tile) => {
      machine.decodeBase(tile.count);
      deltas.fill(tile);
      inputs.fill(tile);
    };
    const x = inputs.vectors[0]!;
    const measure = importanceOf(tensor, machine, { x, delta, importance });
    const last = tensor.elementCount - 1;
    const [cuts] = yield* selectCuts(machine, {
      vectors: [importance],
      elementCount: tensor.elementCount,
      fill(tile) {
        fill(tile);
        measure(tile);
      },
      ranks: () => QUARTILES.map((q) => ({ smallest: Math.floor(q * last) + 1 })),
    });
    const key = thresholdKey(cuts ?? []);
    yield writeOnBase(machine, 1, (tile) => {
      fill(tile);
      measure(tile);
      kernels.zeroBelow(importance, key, delta, tile.count);
      kernels.scale(delta, 1, out, tile.count);
    });
  },
});

function rememberedRows(tensor: TensorMerge): number {
  const rows = tensor.rowLength > 0 ? tensor.elementCount / tensor.rowLength : 0;
  return rows <= REMEMBERED_ROWS ? rows : 0;
}

interface ImportanceTiles {
  readonly x: Pointer;
  readonly delta: Pointer;
  readonly importance: Pointer;
}

/** Fills the importance tile; the divergence of a row is computed once if it can be remembered. */
function importanceOf(
  tensor: TensorMerge,
  machine: TileMachine,
  { x, delta, importance }: ImportanceTiles,
): (tile: Tile) => void {
  const { kernels, base } = machine;
  const row = tensor.rowLength;
  const scratch = machine.bytes(divergenceScratchBytes(row));
  const rows = rememberedRows(tensor);
  const remembered = machine.float64(machine.bytes(rows * 8), rows).fill(Number.NaN);
  const divergenceAt = (element: number, at: number): number => {
    const index = element / row;
    const known = index < rows ? remembered[index]! : Number.NaN;
    if (!Number.isNaN(known)) return known;
    const divergence = kernels.rowDivergence(x + at, base + at, scratch, row);
    if (index < rows) remembered[index] = divergence;
    return divergence;
  };
  return ({ start, count }) => {
    for (let offset = 0; offset < count; offset += row) {
      const at = offset * kernels.numberBytes;
      const divergence = divergenceAt(start + offset, at);
      kernels.importance(delta + at, divergence, importance + at, row);
    }
  };
}

const bits = new DataView(new ArrayBuffer(4));

function magnitudeOf(key: number): number {
  bits.setUint32(0, key);
  return bits.getFloat32(0);
}

/** The key of the smallest float32 that reaches the threshold. */
export function thresholdKey(quartiles: readonly Cut[]): number {
  const [q1, median, q3] = quartiles.map((cut) => magnitudeOf(cut.key));
  const threshold = median! + SPREADS * (q3! - q1!);
  bits.setFloat32(0, threshold);
  const nearest = bits.getUint32(0);
  return bits.getFloat32(0) < threshold ? nearest + 1 : nearest;
}
