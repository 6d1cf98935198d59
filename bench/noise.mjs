// Normal numbers in bulk. Two pools of seeded normals are drawn once; a block is cos(angle) times a
// stretch of the first plus sin(angle) times a stretch of the second, stretches and angle chosen at
// random for each block, which is normal again. No block repeats another, though blocks that share
// parts of a stretch are correlated: good enough to time merges on, not to do statistics with.

/** Elements of a block; stretches of pools are as long. */
export const BLOCK = 1 << 19;
const POOL_LENGTHS = [(1 << 22) - 3, (1 << 21) - 9];

/**
 * Uniform numbers in [0, 1): mulberry32 by Tommy Ettinger.
 * @type {(seed: number) => () => number}
 */
export function uniforms(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Pools that threads can share.
 * @type {(seed: number) => Float32Array[]}
 */
export function createPools(seed) {
  const uniform = uniforms(seed);
  return POOL_LENGTHS.map((length) => {
    const pool = new Float32Array(new SharedArrayBuffer(length * 4));
    for (let i = 0; i < length; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      pool[i] = radius * Math.cos(angle);
      if (i + 1 < length) pool[i + 1] = radius * Math.sin(angle);
    }
    return pool;
  });
}

/**
 * Adds `deviation` times the block's normals to `target`; equal keys give equal numbers.
 * @type {(pools: Float32Array[], key: number[], deviation: number, target: Float32Array, count: number) => void}
 */
export function addNoise([first, second], key, deviation, target, count) {
  const uniform = uniforms(key.reduce((hash, part) => Math.imul(hash ^ part, 0x9e3779b1) + 1, 7));
  for (let i = 0; i < 4; i++) uniform();
  const angle = 2 * Math.PI * uniform();
  const a = deviation * Math.cos(angle);
  const b = deviation * Math.sin(angle);
  const p = Math.floor(uniform() * (first.length - count));
  const q = Math.floor(uniform() * (second.length - count));
  for (let i = 0; i < count; i++) target[i] += a * first[p + i] + b * second[q + i];
}
