/**
 * The allow-list: every name that a pickle may mention, and what a call of it yields here. Calls
 * are matched, never made; a name that is not listed refuses the whole file.
 */

import { badInput, type FusionError } from '../../errors.ts';
import { type Machine, malformed, spend } from './machine.ts';
import {
  describe,
  inert,
  isObject,
  newDict,
  type PickleDict,
  type PickleSequence,
  type PickleValue,
} from './pickleValue.ts';
import { printable } from './printable.ts';
import { type Call, rebuildParameter, rebuildTensor, sequenceOf } from './rebuild.ts';
import { dtypeType, storageType } from './torchTypes.ts';

const CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['torch._utils._rebuild_tensor', (args, machine) => rebuildTensor(args, {}, machine)],
  [
    'torch._utils._rebuild_tensor_v2',
    (args, machine) => rebuildTensor(args, { metadata: args[6] }, machine),
  ],
  [
    'torch._utils._rebuild_tensor_v3',
    (args, machine) => rebuildTensor(args, { dtype: args[6], metadata: args[7] }, machine),
  ],
  ['torch._utils._rebuild_parameter', rebuildParameter],
  ['torch._utils._rebuild_parameter_with_state', rebuildParameter],
  ['collections.OrderedDict', orderedDict],
  ['torch.Size', copyOf('tuple')],
  ['builtins.set', copyOf('set')],
  ['builtins.frozenset', copyOf('set')],
  ['torch.device', () => inert('torch.device')],
  ['torch.serialization._get_layout', () => inert('torch.layout')],
  ['builtins.complex', () => inert('complex')],
  ['builtins.bytearray', () => inert('bytearray')],
  // How protocol 2 spells bytes: a string and the name of an encoding.
  ['_codecs.encode', () => inert('bytes')],
]);

/** The one class whose instances are created bare and then given attributes. */
const NAMESPACE = 'argparse.Namespace';

export function refuseGlobal(name: string, subject: string): FusionError {
  return badInput(
    `${subject}: the pickle calls ${printable(name)}, which lmfuse does not run; save the state dict alone, or as safetensors`,
  );
}

/** The name as Python 3 spells it, or an error when it is not on the list. */
export function allowedGlobal(module: string, name: string, subject: string): string {
  const full = `${module === '__builtin__' ? 'builtins' : module}.${name}`;
  if (CALLS.has(full) || full === NAMESPACE || storageType(full) || dtypeType(full)) return full;
  throw refuseGlobal(`${module}.${name}`, subject);
}

export function call(callee: PickleValue, args: PickleValue, machine: Machine): PickleValue {
  if (!isObject(callee) || callee.kind !== 'global') {
    throw malformed(machine, `calls ${describe(callee)}`);
  }
  const known = CALLS.get(callee.name);
  if (!known) throw refuseGlobal(callee.name, machine.cursor.subject);
  return known(sequenceOf(args, `the arguments of ${callee.name}`, machine).items, machine);
}

/** `cls.__new__(cls)`: how protocol 2 and later create a Namespace. */
export function construct(callee: PickleValue, args: PickleValue, machine: Machine): PickleValue {
  if (!isObject(callee) || callee.kind !== 'global') {
    throw malformed(machine, `creates an object of ${describe(callee)}`);
  }
  const { items } = sequenceOf(args, `the arguments of ${callee.name}`, machine);
  if (callee.name === NAMESPACE && items.length === 0) return newDict(NAMESPACE);
  throw refuseGlobal(callee.name, machine.cursor.subject);
}

/** `OrderedDict()`, or, from Python 2, `OrderedDict([[key, value], ...])`. */
function orderedDict(args: readonly PickleValue[], machine: Machine): PickleDict {
  const dict = newDict('collections.OrderedDict');
  if (args.length === 0) return dict;
  const { items } = sequenceOf(args[0], 'the items of an OrderedDict', machine);
  spend(machine, items.length);
  for (const pair of items) {
    const [key, value] = sequenceOf(pair, 'an item of an OrderedDict', machine).items;
    if (key === undefined || value === undefined) {
      throw malformed(machine, 'gives an OrderedDict a key without a value');
    }
    dict.keys.push(key);
    dict.values.push(value);
  }
  return dict;
}

function copyOf(kind: PickleSequence['kind']): Call {
  return ([items], machine) => {
    if (items === undefined) return { kind, items: [] };
    const source = sequenceOf(items, `the items of a ${kind}`, machine);
    spend(machine, source.items.length);
    return { kind, items: [...source.items] };
  };
}
