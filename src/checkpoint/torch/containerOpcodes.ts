/** Opcodes for the stack, the memo, and tuples, lists, dicts and sets. */

import { takeUint8, takeUint32, takeUint64 } from './cursor.ts';
import {
  type Effect,
  type Machine,
  malformed,
  memoize,
  pop,
  popToMark,
  push,
  pushMark,
  recall,
  top,
} from './machine.ts';
import {
  describe,
  isObject,
  newDict,
  type PickleSequence,
  type PickleValue,
} from './pickleValue.ts';

function pushTuple(machine: Machine, items: PickleValue[]): void {
  push(machine, { kind: 'tuple', items });
}

/** TUPLE1 to TUPLE3. */
function tupleOf(length: number): Effect {
  return (machine) => {
    const items = Array.from({ length }, () => pop(machine)).reverse();
    pushTuple(machine, items);
  };
}

function addItems(machine: Machine, items: readonly PickleValue[], kind: 'list' | 'set'): void {
  const target = top(machine);
  if (!isObject(target) || target.kind !== kind) {
    throw malformed(machine, `adds items to ${describe(target)}, where a ${kind} is needed`);
  }
  for (const item of items) target.items.push(item);
}

function setItems(machine: Machine, items: readonly PickleValue[]): void {
  const target = top(machine);
  if (!isObject(target) || target.kind !== 'dict') {
    throw malformed(machine, `sets keys of ${describe(target)}, where a dict is needed`);
  }
  if (items.length % 2 !== 0) throw malformed(machine, 'sets a key without a value');
  items.forEach((item, i) => {
    (i % 2 === 0 ? target.keys : target.values).push(item);
  });
}

function sequence(kind: PickleSequence['kind']): Effect {
  return (machine) => push(machine, { kind, items: [] });
}

export const CONTAINER_OPCODES: Readonly<Record<number, Effect>> = {
  40: pushMark, // MARK
  48: (machine) => void pop(machine), // POP
  49: (machine) => void popToMark(machine), // POP_MARK
  113: (machine) => memoize(machine, takeUint8(machine.cursor)), // BINPUT
  114: (machine) => memoize(machine, takeUint32(machine.cursor)), // LONG_BINPUT
  148: (machine) => memoize(machine, machine.memo.size), // MEMOIZE
  104: (machine) => recall(machine, takeUint8(machine.cursor)), // BINGET
  106: (machine) => recall(machine, takeUint32(machine.cursor)), // LONG_BINGET
  149: (machine) => void takeUint64(machine.cursor), // FRAME: a hint for buffering, no meaning
  41: sequence('tuple'), // EMPTY_TUPLE
  93: sequence('list'), // EMPTY_LIST
  143: sequence('set'), // EMPTY_SET
  125: (machine) => push(machine, newDict('dict')), // EMPTY_DICT
  116: (machine) => pushTuple(machine, popToMark(machine)), // TUPLE
  133: tupleOf(1), // TUPLE1
  134: tupleOf(2), // TUPLE2
  135: tupleOf(3), // TUPLE3
  97: (machine) => addItems(machine, [pop(machine)], 'list'), // APPEND
  101: (machine) => addItems(machine, popToMark(machine), 'list'), // APPENDS
  144: (machine) => addItems(machine, popToMark(machine), 'set'), // ADDITEMS
  145: (machine) => push(machine, { kind: 'set', items: popToMark(machine) }), // FROZENSET
  // SETITEM
  115: (machine) => {
    const value = pop(machine);
    setItems(machine, [pop(machine), value]);
  },
  117: (machine) => setItems(machine, popToMark(machine)), // SETITEMS
};
