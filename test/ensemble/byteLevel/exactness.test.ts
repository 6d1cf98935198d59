/** Probabilities of bytes against the sum over every tokenization. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ByteMember, byteMember } from '../../../src/ensemble/byteLevel/byteMember.ts';
import { bitsPerByte } from '../../../src/ensemble/byteLevel/certificate.ts';
import { fuseByBytes } from '../../../src/ensemble/byteLevel/fuseByBytes.ts';
import { END, OUTCOMES } from '../../../src/ensemble/byteLevel/outcomes.ts';
import { alone, bruteForce, toBytes, toyMember, toyTokens } from './toy.ts';

const EXACT = { width: Number.POSITIVE_INFINITY, leastShare: 0 };
const exact = (member: ByteMember) => fuseByBytes([member], alone, EXACT).next;
const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);
const letters = fc.array(fc.constantFrom('a', 'b', 'é'), { maxLength: 5 });
const texts = letters.map((list) => toBytes(list.join('')));
/** Also ones that break off within a character. */
const bytes = texts.chain((all) => fc.nat(all.length).map((length) => all.slice(0, length)));
const seeds = fc.nat(1000);

describe('with nothing left out', () => {
  it('scores what every tokenization together scores', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, bytes, async (seed, text) => {
        const model = toyTokens(seed);
        const wanted = bruteForce(model, text);
        const next = exact(byteMember('toy', model));
        const [open] = await next.continuationLogProbabilities([{ input: [], continuation: text }]);
        const [whole] = await next.continuationLogProbabilities([
          { input: [], continuation: [...text, END] },
        ]);
        expect(Math.abs(sum(open!) - Math.log(wanted.begins))).toBeLessThan(1e-10);
        expect(Math.abs(sum(whole!) - Math.log(wanted.is))).toBeLessThan(1e-10);
      }),
      { numRuns: 60 },
    );
  });

  it('is sure of what it scored, and says so', async () => {
    const model = toyTokens(5);
    const text = toBytes('abaébb');
    const fusion = fuseByBytes([byteMember('toy', model)], alone, EXACT);
    const [found] = await fusion.certify([{ id: '0', text: 'abaébb' }], { end: true });
    const [bounds] = found!.members;
    const wanted = Math.log(bruteForce(model, text).is);
    expect(bounds!.least).toBeCloseTo(wanted, 10);
    expect(bounds!.most).toBeCloseTo(wanted, 10);
    expect(bounds).toMatchObject({ isVacuous: false, worstStep: 0 });
    const bits = bitsPerByte(bounds!, text.length + 1);
    expect(bits.least).toBeCloseTo(-wanted / Math.LN2 / 8, 10);
  });

  it('conditions on its input', async () => {
    const model = toyTokens(9);
    const [input, continuation] = [toBytes('baé'), toBytes('ab')];
    const [found] = await exact(byteMember('toy', model)).continuationLogProbabilities([
      { input, continuation },
    ]);
    const [all, before] = [[...input, ...continuation], input].map(
      (text) => bruteForce(model, text).begins,
    );
    expect(Math.abs(sum(found!) - Math.log(all! / before!))).toBeLessThan(1e-10);
  });

  it('conditions on the beginning that all texts of a tokenizer have', async () => {
    const model = toyTokens(9, {}, toBytes('b'));
    const text = toBytes('aéb');
    const [found] = await exact(byteMember('toy', model)).continuationLogProbabilities([
      { input: [], continuation: text },
    ]);
    const [all, before] = [toBytes('baéb'), toBytes('b')].map(
      (each) => bruteForce(model, each).begins,
    );
    expect(Math.abs(sum(found!) - Math.log(all! / before!))).toBeLessThan(1e-10);
  });
});

describe('with states left out', () => {
  const settings = fc.record({
    width: fc.integer({ min: 1, max: 4 }),
    leastShare: fc.constantFrom(0, 0.02, 0.2),
  });

  it('the exact probability lies within the bounds', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, texts, settings, fc.boolean(), async (seed, text, beam, end) => {
        const model = toyTokens(seed);
        const { is, begins } = bruteForce(model, text);
        const fusion = fuseByBytes([byteMember('toy', model)], alone, beam);
        const item = { id: '0', text: new TextDecoder().decode(Uint8Array.from(text)) };
        const [found] = await fusion.certify([item], { end });
        const [{ least, most, worstStep, isVacuous }] = found!.members as [never];
        const wanted = Math.log(end ? is : begins);
        expect(least).toBeLessThanOrEqual(wanted + 1e-10);
        expect(most).toBeGreaterThanOrEqual(wanted - 1e-10);
        expect(isVacuous).toBe(most - least > Math.LN2);
        expect(worstStep).toBeLessThan(1);
        expect(sum(found!.logProbabilities)).toBeGreaterThan(Number.NEGATIVE_INFINITY);
      }),
      { numRuns: 100 },
    );
  });

  it('every distribution sums to 1', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, bytes, settings, async (seed, text, beam) => {
        const next = fuseByBytes([toyMember(seed)], alone, beam).next;
        const stream = await next.start([text]);
        const row = stream.logProbabilities();
        expect(row.length).toBe(OUTCOMES);
        expect(sum(row.map(Math.exp))).toBeCloseTo(1, 5);
        stream.close();
      }),
      { numRuns: 60 },
    );
  });

  it('a step is off by no more than its bound from what the kept states say', async () => {
    const model = toyTokens(31);
    const wide = exact(byteMember('toy', model));
    for (const width of [1, 2, 3]) {
      const narrow = fuseByBytes([byteMember('toy', model)], alone, { width, leastShare: 0 });
      for (const byte of toBytes('ab')) {
        const [right, pruned] = await Promise.all(
          [wide, narrow.next].map(async (next) => (await next.start([[byte]])).logProbabilities()),
        );
        const item = { id: '0', text: String.fromCharCode(byte) };
        const [{ members }] = (await narrow.certify([item])) as [never] as [
          { members: readonly { worstStep: number }[] },
        ];
        const variation = sum(right!.map((x, i) => Math.abs(Math.exp(x) - Math.exp(pruned![i]!))));
        expect(variation / 2).toBeLessThanOrEqual(members[0]!.worstStep + 1e-6);
      }
    }
  });
});
