import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_NGRAM_FEATURES,
  fnv1a,
  hashNgram,
  ngramFeatures,
  tokenize,
} from '../../src/train/ngramFeatures.ts';

const wide = { maxWordNgram: 1, charNgrams: [0, 0], buckets: 2 ** 30 } as const;

describe('fnv1a', () => {
  it('gives the published answers', () => {
    expect(fnv1a('')).toBe(0x811c9dc5);
    expect(fnv1a('a')).toBe(0xe40c292c);
    expect(fnv1a('foobar')).toBe(0xbf9cf968);
  });

  it('hashes UTF-8 bytes, not UTF-16 units', () => {
    // The two bytes of é, 0xc3 0xa9, by hand.
    const one = Math.imul(0x811c9dc5 ^ 0xc3, 0x01000193);
    expect(fnv1a('é')).toBe(Math.imul(one ^ 0xa9, 0x01000193) >>> 0);
  });
});

describe('tokenize', () => {
  it('keeps joined words whole and punctuation apart', () => {
    expect(tokenize("Don't  re-open “it”, 42!")).toEqual([
      "don't",
      're-open',
      '“',
      'it',
      '”',
      ',',
      '42',
      '!',
    ]);
    expect(tokenize('')).toEqual([]);
    expect(tokenize('Čeština naïve 日本')).toEqual(['čeština', 'naïve', '日本']);
  });
});

describe('ngramFeatures', () => {
  it('weighs counts sublinearly, with the sign of the hash, to length 1', () => {
    const { indices, values } = ngramFeatures('ab cd ab', wide);
    const twice = 1 + Math.log(2);
    const norm = Math.sqrt(twice ** 2 + 1);
    const expected = [
      ['w:ab', twice],
      ['w:cd', 1],
    ] as const;
    const rows = expected.map(([ngram, weight]) => {
      const hash = hashNgram(ngram);
      return [hash % 2 ** 30, (hash >= 2 ** 31 ? -weight : weight) / norm] as const;
    });
    rows.sort((a, b) => a[0] - b[0]);
    expect([...indices]).toEqual(rows.map(([index]) => index));
    rows.forEach(([, value], i) => {
      expect(values[i]).toBeCloseTo(value, 14);
    });
  });

  it('takes word pairs and character n-grams of the marked word', () => {
    const settings = { maxWordNgram: 2, charNgrams: [3, 4], buckets: 2 ** 30 } as const;
    const ngrams = ['w:ab', 'w:c', 'w:ab c', 'c:<ab', 'c:ab>', 'c:<ab>', 'c:<c>'];
    const buckets = ngrams.map((ngram) => hashNgram(ngram) % 2 ** 30).sort((a, b) => a - b);
    const { indices, values } = ngramFeatures('Ab c', settings);
    expect([...indices]).toEqual(buckets);
    for (const value of values) expect(Math.abs(value)).toBeCloseTo(1 / Math.sqrt(7), 14);
  });

  it('lets n-grams of one bucket add up or cancel', () => {
    const { indices, values } = ngramFeatures('ab cd', { ...wide, buckets: 1 });
    const sum = ['w:ab', 'w:cd'].reduce((s, n) => s + (hashNgram(n) >= 2 ** 31 ? -1 : 1), 0);
    expect([...indices]).toEqual([0]);
    expect([...values]).toEqual([Math.sign(sum)]);
  });

  it('is finite, sorted, within the buckets and of length 1 or 0 on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const { indices, values } = ngramFeatures(text, { ...DEFAULT_NGRAM_FEATURES, buckets: 64 });
        expect(indices.length).toBe(values.length);
        for (let i = 0; i < indices.length; i++) {
          expect(indices[i]!).toBeLessThan(64);
          if (i > 0) expect(indices[i]!).toBeGreaterThan(indices[i - 1]!);
        }
        const norm = values.reduce((sum, value) => sum + value * value, 0);
        expect(norm === 0 || Math.abs(norm - 1) < 1e-12).toBe(true);
      }),
    );
  });

  it('refuses settings that make no features', () => {
    for (const buckets of [0, 3, -4, 1.5, 2 ** 32, Number.NaN]) {
      expect(() => ngramFeatures('a', { ...wide, buckets })).toThrow(/buckets/);
    }
    expect(() => ngramFeatures('a', { ...wide, charNgrams: [4, 3] })).toThrow(/minimum 4/);
    expect(() => ngramFeatures('a', { ...wide, maxWordNgram: 1e9 })).toThrow(/n-gram length/);
  });
});
