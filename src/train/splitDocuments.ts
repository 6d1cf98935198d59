/**
 * Parts of a corpus that share no document: passages of one document are alike, so a test passage
 * whose neighbour was trained on measures memory.
 */

import { FusionError } from '../errors.ts';
import { hashNgram } from './ngramFeatures.ts';

export interface CorpusDocument {
  readonly id: string;
  /** Every part gets the same share of each stratum, such as a genre. */
  readonly stratum: string;
}

/** Within a stratum, documents are ordered by the hash of their id, and the first are for testing. */
export function splitDocuments<T extends CorpusDocument>(
  documents: readonly T[],
  testShare: number,
): { train: T[]; test: T[] } {
  const train: T[] = [];
  const test: T[] = [];
  for (const members of strata(documents)) {
    const tested = Math.round(members.length * testShare);
    test.push(...members.slice(0, tested));
    train.push(...members.slice(tested));
  }
  assertDisjoint([train, test]);
  return { train, test };
}

/** Deals the documents out to `count` parts, one by one, stratum after stratum. */
export function dealDocuments<T extends CorpusDocument>(
  documents: readonly T[],
  count: number,
): T[][] {
  const parts: T[][] = Array.from({ length: count }, () => []);
  for (const [i, document] of strata(documents).flat().entries()) parts[i % count]!.push(document);
  assertDisjoint(parts);
  return parts;
}

/** The documents of each stratum, in the order of their hashed ids, strata by first appearance. */
function strata<T extends CorpusDocument>(documents: readonly T[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const document of documents) {
    const group = groups.get(document.stratum);
    if (group) group.push(document);
    else groups.set(document.stratum, [document]);
  }
  return [...groups.values()].map((group) =>
    group.sort((a, b) => hashNgram(a.id) - hashNgram(b.id)),
  );
}

/** Throws when an id occurs twice, be it in one part or in two. */
export function assertDisjoint(parts: readonly (readonly CorpusDocument[])[]): void {
  const seen = new Set<string>();
  for (const { id } of parts.flat()) {
    if (seen.has(id)) throw new FusionError('internal', `document ${id}: is in the corpus twice`);
    seen.add(id);
  }
}
