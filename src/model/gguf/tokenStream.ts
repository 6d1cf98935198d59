/**
 * Sequences that grow together, in one context. A row is a sequence of the context and its tokens; a
 * row that is named several times is copied, and when rows or tokens outgrow the context, they move to
 * a larger one.
 */

import { FusionError } from '../../errors.ts';
import { throwIfAborted } from '../abort.ts';
import {
  askLogits,
  copySequence,
  evaluate,
  type GgufEngine,
  openRoom,
  type Room,
  roomyCapacity,
  writeLogProbabilities,
} from './llamaContext.ts';
import type { LlamaContextSequence, Token } from './llamaCpp.ts';

interface Row {
  readonly sequence: LlamaContextSequence;
  readonly tokens: readonly Token[];
}

export interface Rows {
  readonly room: Room;
  readonly rows: readonly Row[];
  /** [rows][vocabularySize] */
  readonly next: Float32Array;
}

/** Each sequence has a token at least. */
export async function startRows(
  engine: GgufEngine,
  inputs: readonly (readonly Token[])[],
  signal: AbortSignal,
): Promise<Rows> {
  const longest = Math.max(1, ...inputs.map((input) => input.length));
  const room = await openRoom(engine, Math.max(1, inputs.length), roomyCapacity(longest, engine));
  return closeIfFailing(room, async () => {
    const known = inputs.map((input) => input.slice(0, -1));
    const rows = await fillRows(room, known, signal);
    const last = inputs.map((input) => input.at(-1)!);
    return step(engine, room, rows, last, new Float32Array(0), signal);
  });
}

export async function advanceRows(
  engine: GgufEngine,
  { room, rows, next }: Rows,
  parents: readonly number[],
  tokens: readonly Token[],
  signal: AbortSignal,
): Promise<Rows> {
  const longest = Math.max(0, ...parents.map((parent) => rows[parent]!.tokens.length)) + 1;
  return closeIfFailing(room, async () => {
    if (parents.length <= room.sequences.length && longest <= room.capacity) {
      const chosen = await chooseRows(room, rows, parents, signal);
      return step(engine, room, chosen, tokens, next, signal);
    }
    const sequenceCount = Math.max(parents.length, room.sequences.length);
    const larger = await openRoom(engine, sequenceCount, roomyCapacity(longest, engine));
    return closeIfFailing(larger, async () => {
      const known = parents.map((parent) => rows[parent]!.tokens);
      const moved = await fillRows(larger, known, signal);
      await room.close();
      return step(engine, larger, moved, tokens, next, signal);
    });
  });
}

/** After a failure nobody knows what the sequences hold. */
async function closeIfFailing<T>(room: Room, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await room.close();
    throw error;
  }
}

/** Rows of an empty context; what several begin with is evaluated once. */
async function fillRows(
  room: Room,
  inputs: readonly (readonly Token[])[],
  signal: AbortSignal,
): Promise<Row[]> {
  const firsts = new Map<string, number>();
  const origin = inputs.map((tokens, i) => {
    const key = tokens.join(' ');
    if (!firsts.has(key)) firsts.set(key, i);
    return firsts.get(key)!;
  });
  const rows = inputs.map((tokens, i) => ({ tokens, sequence: room.sequences[i]! }));
  const isFirst = (i: number) => origin[i] === i;
  await Promise.all(
    rows.map(({ sequence, tokens }, i) =>
      isFirst(i) ? evaluate(room, sequence, [...tokens], signal) : undefined,
    ),
  );
  for (const [i, row] of rows.entries()) {
    if (!isFirst(i)) await become(room, row.sequence, rows[origin[i]!]!, signal);
  }
  return rows;
}

/** The first row to name a parent takes its sequence; the others copy it to one that is free. */
async function chooseRows(
  room: Room,
  rows: readonly Row[],
  parents: readonly number[],
  signal: AbortSignal,
): Promise<Row[]> {
  const isFirst = parents.map((parent, i) => parents.indexOf(parent) === i);
  const kept = new Set(parents.map((parent) => rows[parent]!.sequence));
  const free = room.sequences.filter((sequence) => !kept.has(sequence));
  const chosen: Row[] = [];
  for (const [i, parent] of parents.entries()) {
    const row = rows[parent]!;
    chosen.push(isFirst[i] ? row : await become(room, free.pop()!, row, signal));
  }
  return chosen;
}

async function become(
  room: Room,
  sequence: LlamaContextSequence,
  row: Row,
  signal: AbortSignal,
): Promise<Row> {
  throwIfAborted(signal);
  if (!(await copySequence(row.sequence, sequence))) {
    await sequence.clearHistory();
    await evaluate(room, sequence, [...row.tokens], signal);
  }
  return { sequence, tokens: row.tokens };
}

async function step(
  { vocabularySize }: GgufEngine,
  room: Room,
  rows: readonly Row[],
  tokens: readonly Token[],
  memory: Float32Array,
  signal: AbortSignal,
): Promise<Rows> {
  const size = rows.length * vocabularySize;
  const next = memory.length === size ? memory : new Float32Array(size);
  await Promise.all(
    rows.map(async ({ sequence }, r) => {
      const [output] = await evaluate(room, sequence, [askLogits(tokens[r]!)], signal);
      const target = next.subarray(r * vocabularySize, (r + 1) * vocabularySize);
      writeLogProbabilities(output?.next.logits, target);
    }),
  );
  throwIfAborted(signal);
  return {
    room,
    next,
    rows: rows.map(({ sequence, tokens: known }, r) => ({
      sequence,
      tokens: [...known, tokens[r]!],
    })),
  };
}

export function noRows(): FusionError {
  return new FusionError('internal', 'the sequences were closed, or a step of them failed');
}
