import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutPassages, KINDS, readDocuments, untag } from '../../demo/corpus.mjs';
import { assertDisjoint, dealDocuments, splitDocuments } from '../../src/train/splitDocuments.ts';

const ids = (documents: readonly { id: string }[]) => documents.map(({ id }) => id);

describe('splitDocuments', () => {
  it('puts every document on one side, and the same share of each stratum', () => {
    const documents = Array.from({ length: 100 }, (_, i) => ({
      id: `d${i}`,
      stratum: `s${i % 4}`,
    }));
    const { train, test } = splitDocuments(documents, 0.2);
    expect([...ids(train), ...ids(test)].sort()).toEqual(ids(documents).sort());
    for (const s of ['s0', 's1', 's2', 's3']) {
      expect(test.filter(({ stratum }) => stratum === s).length).toBe(5);
    }
  });

  it('does not depend on the order of the documents within a stratum', () => {
    const unique = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(unique, (names) => {
        const documents = names.map((id) => ({ id, stratum: '' }));
        const forth = splitDocuments(documents, 0.3);
        const back = splitDocuments(documents.toReversed(), 0.3);
        expect(ids(back.test).sort()).toEqual(ids(forth.test).sort());
      }),
    );
  });

  it('deals parts of equal size that are disjoint', () => {
    const documents = Array.from({ length: 22 }, (_, i) => ({ id: `d${i}`, stratum: `s${i % 3}` }));
    const parts = dealDocuments(documents, 4);
    expect(parts.map((part) => part.length)).toEqual([6, 6, 5, 5]);
    expect(parts.flatMap(ids).sort()).toEqual(ids(documents).sort());
  });

  it('notices a document that is there twice', () => {
    const a = { id: 'a', stratum: '' };
    expect(() => assertDisjoint([[a], [a]])).toThrow(/document a/);
    expect(() => splitDocuments([a, a], 0.5)).toThrow(/document a/);
  });
});

describe("the demo's corpus", () => {
  it('undoes the tagging', () => {
    expect(untag("The/at jury/nn said/vbd ``/`` no/at evidence/nn ''/'' ,/, ;/. ;/.")).toBe(
      'The jury said “no evidence”,;',
    );
    expect(untag('\tand/or/cc (/( he/pps )/) ?/. ?/.')).toBe('and/or (he)?');
  });

  it('cuts passages at sentences and drops a short rest', () => {
    expect(cutPassages(['a b', 'c', 'd e f', 'g'], 3)).toEqual(['a b c', 'd e f']);
  });

  it('holds 500 documents, and no passage of a test document is trained on', () => {
    const documents = readDocuments();
    expect(documents.length).toBe(500);
    expect(new Set(documents.map(({ kind }) => kind))).toEqual(new Set(KINDS));
    const { train, test } = splitDocuments(documents, 0.3);
    const trained = new Set(train.flatMap(({ passages }) => passages));
    const seen = test.flatMap(({ passages }) => passages).filter((text) => trained.has(text));
    expect(seen).toEqual([]);
  });
});
