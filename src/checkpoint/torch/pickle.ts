/**
 * A pickle parser for PyTorch files: a stack machine over protocols 2 to 5 that builds inert data.
 * It is not an unpickler: it imports nothing, calls nothing, and refuses every opcode and global
 * that is not listed. Opcodes: CPython, Lib/pickletools.py.
 */

import { CONTAINER_OPCODES } from './containerOpcodes.ts';
import { cursorAt, takeUint8 } from './cursor.ts';
import { LITERAL_OPCODES } from './literalOpcodes.ts';
import { type Effect, type Machine, malformed, newMachine, pop, spend } from './machine.ts';
import { OBJECT_OPCODES } from './objectOpcodes.ts';
import type { PickleStorage, PickleValue } from './pickleValue.ts';

export interface ParsedPickle {
  readonly value: PickleValue;
  /** Position after the pickle's STOP. */
  readonly end: number;
  readonly storages: readonly PickleStorage[];
}

const STOP = 0x2e;
const OPCODES: Readonly<Record<number, Effect>> = {
  ...LITERAL_OPCODES,
  ...CONTAINER_OPCODES,
  ...OBJECT_OPCODES,
};

/** Parses the pickle that begins at `start`; `subject` is the file's name, for messages. */
export function parsePickle(bytes: Uint8Array, start: number, subject: string): ParsedPickle {
  const machine = newMachine(cursorAt(bytes, start, subject));
  for (;;) {
    spend(machine, 1);
    const opcode = takeUint8(machine.cursor);
    if (opcode === STOP) {
      const value = pop(machine);
      return { value, end: machine.cursor.position, storages: machine.storages };
    }
    effectOf(opcode, machine)(machine);
  }
}

/** Opcodes that a refusal should name; they create objects or belong to protocols 0 and 1. */
const REFUSED: Readonly<Record<number, string>> = {
  111: 'OBJ',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  146: 'NEWOBJ_EX',
  151: 'NEXT_BUFFER',
  152: 'READONLY_BUFFER',
  80: 'PERSID',
};

function effectOf(opcode: number, machine: Machine): Effect {
  const effect = OPCODES[opcode];
  if (effect) return effect;
  const name = REFUSED[opcode] ?? 'unknown or of protocol 0 or 1';
  const hex = opcode.toString(16).padStart(2, '0');
  const position = machine.cursor.position - 1;
  throw malformed(
    machine,
    `has opcode 0x${hex} (${name}) at byte ${position}, which lmfuse does not run`,
  );
}
