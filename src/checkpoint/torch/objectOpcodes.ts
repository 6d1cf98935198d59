/** Opcodes that name globals, call them, and refer to storages: those that an attack would use. */

import { takeLine, takeUint8 } from './cursor.ts';
import { allowedGlobal, call, construct, refuseGlobal } from './globals.ts';
import { type Effect, type Machine, malformed, pop, push, spend, top } from './machine.ts';
import { describe, isObject, type PickleValue } from './pickleValue.ts';
import { parseStorageId } from './storageId.ts';

function assertProtocol(machine: Machine): void {
  const protocol = takeUint8(machine.cursor);
  if (protocol >= 2 && protocol <= 5) return;
  throw malformed(machine, `has protocol ${protocol}; 2 to 5 are known`);
}

function pushGlobal(machine: Machine, module: string, name: string): void {
  push(machine, { kind: 'global', name: allowedGlobal(module, name, machine.cursor.subject) });
}

function stackGlobal(machine: Machine): void {
  const name = pop(machine);
  const module = pop(machine);
  if (typeof module !== 'string' || typeof name !== 'string') {
    throw malformed(machine, `names a global by ${describe(module)} and ${describe(name)}`);
  }
  pushGlobal(machine, module, name);
}

function reduceWith(
  apply: (callee: PickleValue, args: PickleValue, machine: Machine) => PickleValue,
): Effect {
  return (machine) => {
    const args = pop(machine);
    push(machine, apply(pop(machine), args, machine));
  };
}

/**
 * BUILD gives an object its attributes. Those of an OrderedDict (`_metadata` of a state dict: layer
 * versions) mean nothing here; those of a Namespace are its content.
 */
function build(machine: Machine): void {
  const state = pop(machine);
  const target = top(machine);
  if (!isObject(target) || target.kind !== 'dict' || target.className === 'dict') {
    throw malformed(machine, `sets the state of ${describe(target)}, which lmfuse does not run`);
  }
  if (target.className === 'collections.OrderedDict') return;
  if (!isObject(state) || state.kind !== 'dict') {
    throw malformed(machine, `gives ${target.className} ${describe(state)} as its attributes`);
  }
  spend(machine, state.keys.length);
  for (const key of [...state.keys]) target.keys.push(key);
  for (const value of [...state.values]) target.values.push(value);
}

function persistentId(machine: Machine): void {
  const storage = parseStorageId(pop(machine), machine.cursor.subject);
  machine.storages.push(storage);
  push(machine, storage);
}

export const OBJECT_OPCODES: Readonly<Record<number, Effect>> = {
  128: assertProtocol, // PROTO
  // GLOBAL
  99: (machine) => {
    const module = takeLine(machine.cursor);
    pushGlobal(machine, module, takeLine(machine.cursor));
  },
  147: stackGlobal, // STACK_GLOBAL
  82: reduceWith(call), // REDUCE
  129: reduceWith(construct), // NEWOBJ
  98: build, // BUILD
  81: persistentId, // BINPERSID
  // INST, read only to name what it would have called
  105: (machine) => {
    const module = takeLine(machine.cursor);
    throw refuseGlobal(`${module}.${takeLine(machine.cursor)}`, machine.cursor.subject);
  },
};
