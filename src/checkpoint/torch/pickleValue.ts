/**
 * What a pickle of a PyTorch file can hold. All of it is inert data: a `global` is a name, a
 * `tensor` says which storage it views, and `inert` stands for values that no reader needs.
 */

export type PickleValue = null | boolean | number | bigint | string | PickleObject;

export type PickleObject =
  | PickleSequence
  | PickleDict
  | PickleGlobal
  | PickleStorage
  | PickleTensor
  | PickleInert;

export interface PickleSequence {
  readonly kind: 'list' | 'tuple' | 'set';
  readonly items: PickleValue[];
}

/** Keys and values in the order of the file; a key may occur twice in a malformed one. */
export interface PickleDict {
  readonly kind: 'dict';
  readonly className: 'dict' | 'collections.OrderedDict' | 'argparse.Namespace';
  readonly keys: PickleValue[];
  readonly values: PickleValue[];
}

/** A name on the allow-list, `module.name`. */
export interface PickleGlobal {
  readonly kind: 'global';
  readonly name: string;
}

/** A storage: a run of elements elsewhere in the file, found by its key. */
export interface PickleStorage {
  readonly kind: 'storage';
  /** `torch.FloatStorage` and so on. */
  readonly typeName: string;
  readonly key: string;
  /** Elements of the storage called `key`. */
  readonly elementCount: number;
  /** Where this storage begins in that one, for the storage views of early PyTorch. */
  readonly viewStart: number;
  readonly viewCount: number;
}

/** A view of a storage, not yet checked. */
export interface PickleTensor {
  readonly kind: 'tensor';
  readonly storage: PickleStorage;
  /** `torch.float8_e4m3fn` and so on, where the storage's type does not say it. */
  readonly dtypeName: string | undefined;
  readonly offset: PickleValue;
  readonly size: PickleValue;
  readonly stride: PickleValue;
}

/** A float, bytes, a device and the like. */
export interface PickleInert {
  readonly kind: 'inert';
  readonly name: string;
}

export function inert(name: string): PickleInert {
  return { kind: 'inert', name };
}

export function newDict(className: PickleDict['className']): PickleDict {
  return { kind: 'dict', className, keys: [], values: [] };
}

export function isObject(value: PickleValue): value is PickleObject {
  return typeof value === 'object' && value !== null;
}

/** What a message calls a value: `a tuple`, `torch.device`, `nothing`. */
export function describe(value: PickleValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (!isObject(value)) return typeof value === 'bigint' ? 'a number' : `a ${typeof value}`;
  return value.kind === 'inert' || value.kind === 'global' ? value.name : `a ${value.kind}`;
}
