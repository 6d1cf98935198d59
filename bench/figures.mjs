// Figures of a list of pairs, and how they are written in tables.

/** @type {(values: readonly number[]) => number} */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * @typedef {object} Figures
 * @property {string} method
 * @property {number} mergeSeconds Median.
 * @property {number} floorSeconds Median.
 * @property {number} ratio Median of the pairs' ratios.
 * @property {[number, number]} ratioRange
 * @property {number} target
 * @property {number} peakBytes Highest of all runs.
 * @property {import('./measure.mjs').Pair[]} pairs
 */

/** @type {(method: string, target: number, pairs: import('./measure.mjs').Pair[]) => Figures} */
export function figuresOf(method, target, pairs) {
  const ratios = pairs.map(({ ratio }) => ratio);
  return {
    method,
    mergeSeconds: median(pairs.map((pair) => pair.mergeSeconds)),
    floorSeconds: median(pairs.map((pair) => pair.floorSeconds)),
    ratio: median(ratios),
    ratioRange: [Math.min(...ratios), Math.max(...ratios)],
    target,
    peakBytes: Math.max(...pairs.map(({ peakBytes }) => peakBytes)),
    pairs,
  };
}

/** @type {(isGood: boolean) => string} */
export const verdict = (isGood) => (isGood ? 'pass' : 'FAIL');
/** @type {(seconds: number) => string} */
export const inSeconds = (seconds) => `${seconds.toFixed(seconds < 1 ? 3 : 2)} s`;
/** @type {(bytes: number) => string} */
export const inMebibytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
