/**
 * A fusion recipe with the numbers that were fitted, as text. Comments and order stay as the user wrote
 * them; `weights:` gives way to a weight at every member and to `fitted:`, which says what they are from.
 */

import { isMap, isSeq, parseDocument } from 'yaml';
import { FusionError } from '../../errors.ts';

export interface FittedNumbers {
  /** Of the members, where they are what was fitted. */
  readonly weights: readonly number[] | undefined;
  readonly temperatures?: readonly number[] | undefined;
  /** Other keys of the recipe, such as the floor that the weights were fitted with. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What `fitted:` says. */
  readonly fitted: Readonly<Record<string, string | number>>;
}

/** What the user wrote of these stays. */
const KEPT: readonly string[] = ['floor'];

export function writeFitted(text: string, numbers: FittedNumbers): string {
  const document = parseDocument(text);
  const members = document.get('members');
  if (!isSeq(members)) throw new FusionError('internal', 'a parsed recipe has lost its members');
  for (const [i, member] of members.items.entries()) {
    if (!isMap(member)) continue;
    if (numbers.weights) member.set('weight', numbers.weights[i]!);
    const temperature = numbers.temperatures?.[i];
    if (temperature !== undefined) member.set('temperature', temperature);
  }
  document.delete('weights');
  for (const [key, value] of Object.entries(numbers.settings ?? {})) {
    if (!KEPT.includes(key) || !document.has(key)) document.set(key, value);
  }
  document.set('fitted', document.createNode(numbers.fitted));
  return document.toString({ lineWidth: 0 });
}
