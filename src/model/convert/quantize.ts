/**
 * Matrices as int8 with a scale per channel, symmetric:
 *
 *   s = max |w| / 64,   q = round(w / s) in [-64, 64],   w ~ s q
 *
 * Not up to 127: processors without an instruction for it (AVX2 alone) multiply uint8 by int8 in pairs
 * whose sum has 16 bits, 2 * 255 * 64 = 32640 < 2^15, and cut off what is more. docs/convert.md says
 * what that did. Jacob et al., 2018 (arXiv 1712.05877); a scale per channel: Krishnamoorthi, 2018 (arXiv 1806.08342).
 * Numbers only; which weights, and how the graph uses them: quantizedGraph.ts.
 */

const LARGEST = 64;

export interface QuantizedMatrix {
  /** In the order asked for. */
  readonly values: Int8Array;
  /** One per channel. */
  readonly scales: Float32Array;
}

export interface MatrixLayout {
  readonly rows: number;
  readonly columns: number;
  /** Whether a channel is a row or a column. */
  readonly channels: 'rows' | 'columns';
  /** Whether the values are to come out as [columns, rows]. */
  readonly transposes: boolean;
}

/** @param weights [rows, columns] */
export function quantizeMatrix(weights: Float32Array, layout: MatrixLayout): QuantizedMatrix {
  const { rows, columns, channels, transposes } = layout;
  const isByRow = channels === 'rows';
  const scales = channelScales(weights, layout);
  const values = new Int8Array(weights.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const scale = scales[isByRow ? row : column]!;
      const at = transposes ? column * rows + row : row * columns + column;
      values[at] = quantized(weights[row * columns + column]!, scale);
    }
  }
  return { values, scales };
}

function channelScales(weights: Float32Array, { rows, columns, channels }: MatrixLayout) {
  const isByRow = channels === 'rows';
  const scales = new Float32Array(isByRow ? rows : columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const channel = isByRow ? row : column;
      const size = Math.abs(weights[row * columns + column]!);
      if (size > scales[channel]!) scales[channel] = size;
    }
  }
  return scales.map((most) => most / LARGEST);
}

/** A channel of zeros has the scale 0. */
function quantized(weight: number, scale: number): number {
  if (scale === 0) return 0;
  return Math.max(-LARGEST, Math.min(LARGEST, Math.round(weight / scale)));
}
