/**
 * Lists tensors so that people can read them: tensors that differ only in the numbers in their
 * names become one line, `model.layers.{0..79}.mlp.up_proj.weight`. For display alone.
 */

import type { Dtype } from '../tensor/dtype.ts';
import { formatShape, type Shape } from '../tensor/shape.ts';

export interface TensorGroup {
  /** The name, or a pattern that stands for exactly `count` names. */
  readonly pattern: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly count: number;
}

interface Named {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
}

/** A name cut at its numbers: `texts` has one part more than `numbers`. */
interface CutName {
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
}

/** In the order in which the groups first appear. */
export function groupTensors(tensors: readonly Named[]): TensorGroup[] {
  const groups = groupBy(tensors, (tensor) => `${textsOf(tensor).join('.#.')} ${kindOf(tensor)}`);
  return groups.flatMap((members) => {
    const whole = patternOf(members);
    if (whole !== undefined) return [groupOf(members, whole)];
    // Experts in some layers only, say: a pattern of one number always fits.
    const rows = groupBy(members, (tensor) => innerNameOf(tensor));
    return rows.map((row) => groupOf(row, patternOf(row) ?? row[0]!.name));
  });
}

function groupOf(members: readonly Named[], pattern: string): TensorGroup {
  const { dtype, shape } = members[0]!;
  return { pattern, dtype, shape, count: members.length };
}

/** The pattern of all `members`, if their numbers are all combinations of some sets. */
function patternOf(members: readonly Named[]): string | undefined {
  const cuts = members.map(({ name }) => cutName(name));
  const { texts, numbers } = cuts[0]!;
  const sets = numbers.map((_, place) => new Set(cuts.map((cut) => cut.numbers[place]!)));
  const combinations = sets.reduce((product, set) => product * set.size, 1);
  if (combinations !== members.length) return undefined;
  return texts.map((text, place) => text + formatNumbers(sets[place])).join('');
}

function formatNumbers(set: ReadonlySet<number> | undefined): string {
  if (set === undefined) return '';
  const numbers = [...set].sort((a, b) => a - b);
  if (numbers.length === 1) return `${numbers[0]}`;
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return `{${ranges.map(([from, to]) => (from === to ? from : `${from}..${to}`)).join(',')}}`;
}

/** Numbers count as such only where they are a whole part of the name. */
function cutName(name: string): CutName {
  const pieces = name.split(/(?<=^|\.)(0|[1-9]\d{0,8})(?=\.|$)/);
  return {
    texts: pieces.filter((_, index) => index % 2 === 0),
    numbers: pieces.filter((_, index) => index % 2 === 1).map(Number),
  };
}

function textsOf({ name }: Named): readonly string[] {
  return cutName(name).texts;
}

/** The name without its first number. */
function innerNameOf({ name }: Named): string {
  const { texts, numbers } = cutName(name);
  return texts.map((text, place) => text + (place === 0 ? '#' : (numbers[place] ?? ''))).join('');
}

function kindOf({ dtype, shape }: Named): string {
  return `${dtype} ${formatShape(shape)}`;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}
