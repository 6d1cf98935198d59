/**
 * The SIMD kernels: one WebAssembly module, instantiated over the memory that all workers share.
 *
 * No signature has an i64, which JavaScript would have to pass as a BigInt: `start`, the one
 * parameter above 32 bits, is a float64 (exact up to 2^53 elements).
 */

import type { MergeableDtype } from '../tensor/dtype.ts';
import type { Kernels, Pointer } from './kernels.ts';

type Convert = (source: Pointer, target: Pointer, count: number) => void;
type Subtract = (source: Pointer, base: Pointer, target: Pointer, count: number) => void;

interface Exports
  extends Omit<Kernels, 'name' | 'numberBytes' | 'decode' | 'decodeDelta' | 'encode'> {
  readonly decodeBf16: Convert;
  readonly decodeF16: Convert;
  readonly subtractBf16: Subtract;
  readonly subtractF16: Subtract;
  readonly encodeBf16: Convert;
  readonly encodeF16: Convert;
  readonly encodeF32: Convert;
  readonly encodeF64: Convert;
  readonly copyBytes: Convert;
  readonly philox: (low: number, high: number, block: number, level: number, out: Pointer) => void;
}

/** Compiles the kernels; `bytes` is the content of kernels.wasm. */
export function compileKernels(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  return new WebAssembly.Module(bytes);
}

/** Float32 SIMD kernels over `memory`; F64 tiles are not theirs (see scalar/). */
export function createSimdKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const exports = instance.exports as unknown as Exports;
  const decoders: Record<MergeableDtype, Convert> = {
    BF16: exports.decodeBf16,
    F16: exports.decodeF16,
    F32: (source, target, count) => exports.copyBytes(source, target, count * 4),
    F64: refuseF64,
  };
  const subtractors: Record<MergeableDtype, Subtract> = {
    BF16: exports.subtractBf16,
    F16: exports.subtractF16,
    F32: exports.subtract,
    F64: refuseF64,
  };
  const encoders: Record<MergeableDtype, Convert> = {
    BF16: exports.encodeBf16,
    F16: exports.encodeF16,
    F32: exports.encodeF32,
    F64: exports.encodeF64,
  };
  return {
    ...exports,
    name: 'simd',
    numberBytes: 4,
    decode: (dtype, source, target, count) => decoders[dtype](source, target, count),
    decodeDelta: (dtype, source, base, target, count) =>
      subtractors[dtype](source, base, target, count),
    encode: (dtype, source, target, count) => encoders[dtype](source, target, count),
  };
}

function refuseF64(): never {
  throw new Error('F64 tensors are decoded by the float64 kernels');
}
