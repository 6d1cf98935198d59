/** Copying strided elements between buffers, by the widest integers that both are aligned to. */

/** Copies `count` elements from `from`, every `stride`, to `to`, every `step`. */
export type ElementCopier = (
  from: number,
  to: number,
  count: number,
  stride: number,
  step: number,
) => void;

type Units = Uint8Array | Uint16Array | Uint32Array;

/** A copier of elements of `elementBytes` bytes from `source` to `target`. */
export function elementCopier(
  source: Uint8Array,
  target: Uint8Array,
  elementBytes: number,
): ElementCopier {
  // Integers and never floats: a NaN that passes through a float may lose its payload.
  const isAligned = (bytes: number) =>
    (elementBytes | source.byteOffset | target.byteOffset) % bytes === 0;
  const unitBytes = [4, 2].find(isAligned) ?? 1;
  const from = unitsOf(source, unitBytes);
  const to = unitsOf(target, unitBytes);
  const width = elementBytes / unitBytes;
  return width === 1 ? copySingle(from, to) : copyWide(from, to, width);
}

function unitsOf(bytes: Uint8Array, unitBytes: number): Units {
  const length = Math.floor(bytes.byteLength / unitBytes);
  if (unitBytes === 4) return new Uint32Array(bytes.buffer, bytes.byteOffset, length);
  if (unitBytes === 2) return new Uint16Array(bytes.buffer, bytes.byteOffset, length);
  return bytes;
}

function copySingle(source: Units, target: Units): ElementCopier {
  return (from, to, count, stride, step) => {
    for (let i = 0, s = from, t = to; i < count; i++, s += stride, t += step) {
      target[t] = source[s] as number;
    }
  };
}

function copyWide(source: Units, target: Units, width: number): ElementCopier {
  return (from, to, count, stride, step) => {
    for (let i = 0, s = from, t = to; i < count; i++, s += stride, t += step) {
      for (let j = 0; j < width; j++) target[t * width + j] = source[s * width + j] as number;
    }
  };
}
