/**
 * The calls by which a pickle makes tensors, as data. Argument orders: torch/_utils.py,
 * `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks, metadata)` and its
 * siblings.
 */

import { type Machine, malformed } from './machine.ts';
import {
  describe,
  isObject,
  type PickleSequence,
  type PickleTensor,
  type PickleValue,
} from './pickleValue.ts';
import { dtypeType } from './torchTypes.ts';

/** What a call of a listed global yields. */
export type Call = (args: readonly PickleValue[], machine: Machine) => PickleValue;

interface TensorExtras {
  readonly dtype?: PickleValue | undefined;
  readonly metadata?: PickleValue | undefined;
}

export function rebuildTensor(
  args: readonly PickleValue[],
  extras: TensorExtras,
  machine: Machine,
): PickleTensor {
  const [storage, offset, size, stride] = args;
  if (storage === undefined || !isObject(storage) || storage.kind !== 'storage') {
    throw malformed(machine, `rebuilds a tensor from ${describe(storage)}, not from a storage`);
  }
  if (offset === undefined || size === undefined || stride === undefined) {
    throw malformed(machine, `rebuilds a tensor from ${args.length} values, where 4 are needed`);
  }
  assertPlain(extras.metadata, machine);
  const dtypeName = dtypeNameOf(extras.dtype, machine);
  return { kind: 'tensor', storage, dtypeName, offset, size, stride };
}

/** A tensor's metadata says that its values are conjugated or negated when they are read. */
function assertPlain(metadata: PickleValue | undefined, machine: Machine): void {
  if (metadata === undefined || metadata === null) return;
  if (isObject(metadata) && metadata.kind === 'dict' && metadata.keys.length === 0) return;
  throw malformed(machine, 'holds a tensor that is a conjugated or negated view');
}

function dtypeNameOf(dtype: PickleValue | undefined, machine: Machine): string | undefined {
  if (dtype === undefined) return undefined;
  if (isObject(dtype) && dtype.kind === 'global' && dtypeType(dtype.name)) return dtype.name;
  throw malformed(machine, `gives ${describe(dtype)} as the dtype of a tensor`);
}

export function rebuildParameter(args: readonly PickleValue[], machine: Machine): PickleTensor {
  const [data] = args;
  if (data !== undefined && isObject(data) && data.kind === 'tensor') return data;
  throw malformed(machine, `makes a parameter of ${describe(data)}, not of a tensor`);
}

/** `value` as a list, tuple or set; `what` says what it was to be. */
export function sequenceOf(
  value: PickleValue | undefined,
  what: string,
  machine: Machine,
): PickleSequence {
  if (value !== undefined && isObject(value) && 'items' in value) return value;
  throw malformed(machine, `gives ${describe(value)} as ${what}`);
}
