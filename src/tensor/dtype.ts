/**
 * Element types, spelled as safetensors spells them.
 *
 * `mergeable` types are decoded to float32 (F64: float64) and rounded once on the way out.
 * All others are opaque: they are copied when every input holds equal bytes, else refused.
 */

import { badInput } from '../errors.ts';

interface DtypeInfo {
  /** Bits of one element; FP4 and FP6 types pack several elements into shared bytes. */
  readonly bits: number;
  readonly mergeable: boolean;
}

const DTYPES = {
  F64: { bits: 64, mergeable: true },
  F32: { bits: 32, mergeable: true },
  F16: { bits: 16, mergeable: true },
  BF16: { bits: 16, mergeable: true },
  F8_E4M3: { bits: 8, mergeable: false },
  F8_E5M2: { bits: 8, mergeable: false },
  F8_E8M0: { bits: 8, mergeable: false },
  F8_E4M3FNUZ: { bits: 8, mergeable: false },
  F8_E5M2FNUZ: { bits: 8, mergeable: false },
  F6_E2M3: { bits: 6, mergeable: false },
  F6_E3M2: { bits: 6, mergeable: false },
  F4: { bits: 4, mergeable: false },
  I64: { bits: 64, mergeable: false },
  I32: { bits: 32, mergeable: false },
  I16: { bits: 16, mergeable: false },
  I8: { bits: 8, mergeable: false },
  U64: { bits: 64, mergeable: false },
  U32: { bits: 32, mergeable: false },
  U16: { bits: 16, mergeable: false },
  U8: { bits: 8, mergeable: false },
  BOOL: { bits: 8, mergeable: false },
  C64: { bits: 64, mergeable: false },
} as const satisfies Record<string, DtypeInfo>;

export type Dtype = keyof typeof DTYPES;
export type MergeableDtype = 'F64' | 'F32' | 'F16' | 'BF16';

export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(DTYPES, name);
}

export function isMergeable(dtype: Dtype): dtype is MergeableDtype {
  return DTYPES[dtype].mergeable;
}

export function bitsPerElement(dtype: Dtype): number {
  return DTYPES[dtype].bits;
}

/** Bytes of one element of a mergeable type. */
export function bytesPerElement(dtype: MergeableDtype): number {
  return DTYPES[dtype].bits / 8;
}

/** Bytes that `elementCount` elements occupy, or undefined when they do not fill whole bytes. */
export function byteLengthOf(dtype: Dtype, elementCount: number): number | undefined {
  const bits = elementCount * DTYPES[dtype].bits;
  return bits % 8 === 0 && Number.isSafeInteger(bits) ? bits / 8 : undefined;
}

const RECIPE_NAMES: Readonly<Record<string, MergeableDtype>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  fp64: 'F64',
  fp32: 'F32',
  fp16: 'F16',
  bf16: 'BF16',
};

/** The dtype that a recipe or an option names (`bfloat16`), or an error that lists the names. */
export function parseRecipeDtype(name: string, subject: string): MergeableDtype {
  const dtype = RECIPE_NAMES[name.replace(/^torch\./, '')];
  if (dtype) return dtype;
  throw badInput(`${subject}: unknown dtype "${name}"; known: float32, float16, bfloat16, float64`);
}

/** How Hugging Face configs spell a mergeable dtype (`torch_dtype`, `dtype`). */
export function configName(dtype: MergeableDtype): string {
  return { F64: 'float64', F32: 'float32', F16: 'float16', BF16: 'bfloat16' }[dtype];
}
