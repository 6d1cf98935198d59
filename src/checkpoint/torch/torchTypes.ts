/**
 * PyTorch's storage types and dtypes, and their safetensors spelling. Those without one are listed
 * so that a refusal can name them, and so that their storages can be stepped over.
 */

import type { Dtype } from '../../tensor/dtype.ts';

export interface TorchType {
  /** Absent when safetensors has no such type. */
  readonly dtype: Dtype | undefined;
  /** Bytes of one element. */
  readonly elementBytes: number;
}

/** An UntypedStorage counts bytes; the tensor that views it names its dtype. */
const STORAGES: Readonly<Record<string, TorchType>> = {
  DoubleStorage: { dtype: 'F64', elementBytes: 8 },
  FloatStorage: { dtype: 'F32', elementBytes: 4 },
  HalfStorage: { dtype: 'F16', elementBytes: 2 },
  BFloat16Storage: { dtype: 'BF16', elementBytes: 2 },
  LongStorage: { dtype: 'I64', elementBytes: 8 },
  IntStorage: { dtype: 'I32', elementBytes: 4 },
  ShortStorage: { dtype: 'I16', elementBytes: 2 },
  CharStorage: { dtype: 'I8', elementBytes: 1 },
  ByteStorage: { dtype: 'U8', elementBytes: 1 },
  UntypedStorage: { dtype: 'U8', elementBytes: 1 },
  BoolStorage: { dtype: 'BOOL', elementBytes: 1 },
  ComplexFloatStorage: { dtype: 'C64', elementBytes: 8 },
  ComplexDoubleStorage: { dtype: undefined, elementBytes: 16 },
  QInt8Storage: { dtype: undefined, elementBytes: 1 },
  QUInt8Storage: { dtype: undefined, elementBytes: 1 },
  QInt32Storage: { dtype: undefined, elementBytes: 4 },
  QUInt4x2Storage: { dtype: undefined, elementBytes: 1 },
  QUInt2x4Storage: { dtype: undefined, elementBytes: 1 },
};

const DTYPES: Readonly<Record<string, TorchType>> = {
  float64: { dtype: 'F64', elementBytes: 8 },
  float32: { dtype: 'F32', elementBytes: 4 },
  float16: { dtype: 'F16', elementBytes: 2 },
  bfloat16: { dtype: 'BF16', elementBytes: 2 },
  float8_e4m3fn: { dtype: 'F8_E4M3', elementBytes: 1 },
  float8_e5m2: { dtype: 'F8_E5M2', elementBytes: 1 },
  float8_e4m3fnuz: { dtype: 'F8_E4M3FNUZ', elementBytes: 1 },
  float8_e5m2fnuz: { dtype: 'F8_E5M2FNUZ', elementBytes: 1 },
  float8_e8m0fnu: { dtype: 'F8_E8M0', elementBytes: 1 },
  float4_e2m1fn_x2: { dtype: undefined, elementBytes: 1 },
  int64: { dtype: 'I64', elementBytes: 8 },
  int32: { dtype: 'I32', elementBytes: 4 },
  int16: { dtype: 'I16', elementBytes: 2 },
  int8: { dtype: 'I8', elementBytes: 1 },
  uint64: { dtype: 'U64', elementBytes: 8 },
  uint32: { dtype: 'U32', elementBytes: 4 },
  uint16: { dtype: 'U16', elementBytes: 2 },
  uint8: { dtype: 'U8', elementBytes: 1 },
  bool: { dtype: 'BOOL', elementBytes: 1 },
  complex32: { dtype: undefined, elementBytes: 4 },
  complex64: { dtype: 'C64', elementBytes: 8 },
  complex128: { dtype: undefined, elementBytes: 16 },
  qint8: { dtype: undefined, elementBytes: 1 },
  quint8: { dtype: undefined, elementBytes: 1 },
  qint32: { dtype: undefined, elementBytes: 4 },
  quint4x2: { dtype: undefined, elementBytes: 1 },
  quint2x4: { dtype: undefined, elementBytes: 1 },
};

/** `torch.FloatStorage`, `torch.cuda.FloatStorage`, `torch.storage.UntypedStorage`. */
export function storageType(globalName: string): TorchType | undefined {
  const name = /^torch\.(?:cuda\.|storage\.)?(\w+Storage)$/.exec(globalName)?.[1];
  return name !== undefined && Object.hasOwn(STORAGES, name) ? STORAGES[name] : undefined;
}

/** `torch.float32` and so on. */
export function dtypeType(globalName: string): TorchType | undefined {
  const name = /^torch\.(\w+)$/.exec(globalName)?.[1];
  return name !== undefined && Object.hasOwn(DTYPES, name) ? DTYPES[name] : undefined;
}
