/**
 * Labels of several classifiers, brought into one order by their names. Indices mean nothing across
 * models: one may list `negative` first and the next `positive`.
 */

import { badInput } from '../../errors.ts';

export interface LabelledMember {
  readonly name: string;
  readonly labels: readonly string[];
}

/**
 * `same`: all members know the same labels. `union`: a label that a member lacks has probability 0 in
 * it, which dilutes the label in a linear pool and vetoes it in a log-linear one.
 */
export type LabelPolicy = 'same' | 'union';

export interface LabelAlignment {
  /** Of the result: the first member's, then what others add, in the order of the members. */
  readonly labels: readonly string[];
  /** [members][labels]: the place of each label within the member's own; -1 where it has none. */
  readonly places: readonly Int32Array[];
}

export function alignLabels(
  members: readonly LabelledMember[],
  policy: LabelPolicy = 'same',
): LabelAlignment {
  members.forEach(assertLabels);
  const labels = [...new Set(members.flatMap((member) => member.labels))];
  const places = members.map((member) => {
    const placeOf = new Map(member.labels.map((label, place) => [label, place]));
    return Int32Array.from(labels, (label) => placeOf.get(label) ?? -1);
  });
  if (policy === 'same') assertSame(members, labels, places);
  return { labels, places };
}

/** A member's log-probabilities of one item, in the order of the result. */
export function alignedDistribution(
  logProbabilities: ArrayLike<number>,
  places: Int32Array,
): Float64Array {
  return Float64Array.from(places, (place) =>
    place < 0 ? Number.NEGATIVE_INFINITY : logProbabilities[place]!,
  );
}

function assertLabels({ name, labels }: LabelledMember): void {
  if (labels.length === 0) throw badInput(`member ${name}: has no labels`);
  const twice = labels.find((label, i) => labels.indexOf(label) !== i);
  if (twice !== undefined) throw badInput(`member ${name}: label ${quote(twice)} is there twice`);
}

function assertSame(
  members: readonly LabelledMember[],
  labels: readonly string[],
  places: readonly Int32Array[],
): void {
  const lacking = places.findIndex((each) => each.includes(-1));
  if (lacking < 0) return;
  const { name, labels: own } = members[lacking]!;
  const label = labels[places[lacking]!.indexOf(-1)]!;
  const owner = members.find((member) => member.labels.includes(label))!;
  throw badInput(
    `label ${quote(label)}: member ${owner.name} has it, member ${name} has ` +
      `${own.map(quote).join(', ')}; with labels: union it gets probability 0 there`,
  );
}

function quote(label: string): string {
  return JSON.stringify(label);
}
