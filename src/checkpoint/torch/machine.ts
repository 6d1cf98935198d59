/** The state of the pickle machine, and the checked moves of its stack. */

import { badInput, type FusionError } from '../../errors.ts';
import type { Cursor } from './cursor.ts';
import { MAX_MEMO_ENTRIES, MAX_STACK_DEPTH, MAX_STEPS } from './limits.ts';
import type { PickleStorage, PickleValue } from './pickleValue.ts';

export interface Machine {
  readonly cursor: Cursor;
  readonly stack: PickleValue[];
  /** Heights of the stack at which MARK was met. */
  readonly marks: number[];
  readonly memo: Map<number, PickleValue>;
  /** Every storage that the pickle refers to, in order. */
  readonly storages: PickleStorage[];
  steps: number;
}

/** What an opcode does, its argument being next at the cursor. */
export type Effect = (machine: Machine) => void;

export function newMachine(cursor: Cursor): Machine {
  return { cursor, stack: [], marks: [], memo: new Map(), storages: [], steps: 0 };
}

export function malformed(machine: Machine, what: string): FusionError {
  return badInput(`${machine.cursor.subject}: the pickle ${what}`);
}

/** Counts work before it is done, so that no short pickle can ask for much of it. */
export function spend(machine: Machine, steps: number): void {
  machine.steps += steps;
  if (machine.steps > MAX_STEPS) throw malformed(machine, `takes more than ${MAX_STEPS} steps`);
}

export function push(machine: Machine, value: PickleValue): void {
  assertRoom(machine);
  machine.stack.push(value);
}

export function pushMark(machine: Machine): void {
  assertRoom(machine);
  machine.marks.push(machine.stack.length);
}

function assertRoom(machine: Machine): void {
  if (machine.stack.length + machine.marks.length < MAX_STACK_DEPTH) return;
  throw malformed(machine, `stacks or nests more than ${MAX_STACK_DEPTH} values`);
}

export function pop(machine: Machine): PickleValue {
  const floor = machine.marks.at(-1) ?? 0;
  const value = machine.stack.length > floor ? machine.stack.pop() : undefined;
  if (value === undefined) throw malformed(machine, 'takes a value from an empty stack');
  return value;
}

/** The value that the next `pop` would give. */
export function top(machine: Machine): PickleValue {
  const value = pop(machine);
  machine.stack.push(value);
  return value;
}

/** All values above the last mark, and removes that mark. */
export function popToMark(machine: Machine): PickleValue[] {
  const mark = machine.marks.pop();
  if (mark === undefined) throw malformed(machine, 'closes a group that it did not open');
  return machine.stack.splice(mark);
}

export function memoize(machine: Machine, index: number): void {
  if (machine.memo.size >= MAX_MEMO_ENTRIES) {
    throw malformed(machine, `remembers more than ${MAX_MEMO_ENTRIES} values`);
  }
  machine.memo.set(index, top(machine));
}

export function recall(machine: Machine, index: number): void {
  const value = machine.memo.get(index);
  if (value === undefined) {
    throw malformed(machine, `recalls memo entry ${index}, which was never stored`);
  }
  push(machine, value);
}
