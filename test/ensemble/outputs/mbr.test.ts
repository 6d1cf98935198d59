/** Against sacrebleu's utilities and plain loops over them (oracles/mbr.json), and by properties. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../src/ensemble/outputs/candidate.ts';
import { decideByMbr, type MbrSettings } from '../../../src/ensemble/outputs/mbr.ts';
import { referenceWeights } from '../../../src/ensemble/outputs/referenceWeights.ts';
import { bleu } from '../../../src/task/metrics/bleu.ts';
import { chrf } from '../../../src/task/metrics/chrf.ts';
import { exactMatch } from '../../../src/task/metrics/exactMatch.ts';
import type { TextMetric } from '../../../src/task/metrics/metric.ts';
import { ter } from '../../../src/task/metrics/ter.ts';
import { messageOf } from '../../checkpoint/files.ts';
import { type ExpectedMbr, type MbrTable, mbrOracle } from '../../task/metrics/oracles.ts';

const METRICS = { chrf: chrf(), chrfPlusPlus: chrf({ wordOrder: 2 }), bleu: bleu() } as const;

/** One candidate a member, so that a member's weight is the candidate's. */
function ofMembers(texts: readonly string[]): Candidate[] {
  return texts.map((text, i) => ({ text, member: `m${i}` }));
}

function weightsOf(weights: readonly number[]): ReadonlyMap<string, number> {
  return new Map(weights.map((weight, i) => [`m${i}`, weight]));
}

/** What decides in each of the oracle's ways of weighting. */
function asked({ candidates, weights, logProbabilities }: MbrTable, weighting: string) {
  if (weighting === 'logProbability') {
    const written = candidates.map((text, i) => {
      return { text, member: 'one', logProbability: logProbabilities[i]! };
    });
    return { written, settings: { weighting: 'probability' } as const };
  }
  const memberWeights = weightsOf(weighting === 'weighted' ? weights : []);
  return { written: ofMembers(candidates), settings: { memberWeights } };
}

describe.each(mbrOracle.tables)('the oracle, $id', (table) => {
  const names = Object.keys(METRICS) as (keyof typeof METRICS)[];
  const weightings = ['unweighted', 'weighted', 'logProbability'] as const;
  const selves = ['withSelf', 'withoutSelf'] as const;
  const cases = names.flatMap((name) =>
    weightings.flatMap((weighting) => selves.map((self) => [name, weighting, self] as const)),
  );
  it.each(cases)('%s, %s, %s', (name, weighting, self) => {
    const expected: ExpectedMbr = table.expected[name][`${weighting}.${self}`];
    const { written, settings } = asked(table, weighting);
    const utility = METRICS[name];
    const countSelf = self === 'withSelf';
    const found = decideByMbr(written, { utility, countSelf, ...settings });
    expect(found.choice).toBe(expected.choice);
    expect(found.expectedUtilities.length).toBe(expected.expected.length);
    expected.expected.forEach((value, i) => {
      expect(found.expectedUtilities[i]).toBeCloseTo(value, 10);
    });
  });
});

const word = fc.constantFrom('a', 'b', 'the', 'cat', 'sat.', 'Übung');
const text = fc.array(word, { maxLength: 6 }).map((words) => words.join(' '));
const texts = fc.array(text, { minLength: 1, maxLength: 6 });
const metric = fc.constantFrom<TextMetric>(chrf(), bleu(), ter(), exactMatch);
const weight = fc.integer({ min: 1, max: 8 }).map((eighths) => eighths / 8);

function utilitiesOf(written: readonly Candidate[], settings: MbrSettings): number[] {
  return [...decideByMbr(written, settings).expectedUtilities];
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 9);
  });
}

describe('minimum Bayes risk', () => {
  it('gives a duplicate the effect of a doubled weight', () => {
    fc.assert(
      fc.property(texts, metric, fc.nat(), (list, utility, pick) => {
        const twice = pick % list.length;
        const doubled = weightsOf(list.map((_, i) => (i === twice ? 2 : 1)));
        const repeated = utilitiesOf(ofMembers([...list, list[twice]!]), { utility });
        const weighted = utilitiesOf(ofMembers(list), { utility, memberWeights: doubled });
        expectClose(repeated.slice(0, -1), weighted);
      }),
    );
  });

  it('does not depend on the order of candidates, but for ties', () => {
    const shuffled = texts.chain((list) =>
      fc.tuple(
        fc.constant(list),
        fc.shuffledSubarray([...list.keys()], { minLength: list.length }),
        fc.array(weight, { minLength: list.length, maxLength: list.length }),
        fc.boolean(),
      ),
    );
    fc.assert(
      fc.property(shuffled, metric, ([list, order, weights, countSelf], utility) => {
        const memberWeights = weightsOf(weights);
        const written = ofMembers(list);
        const settings = { utility, countSelf, memberWeights };
        const plain = decideByMbr(written, settings);
        const moved = decideByMbr(
          order.map((i) => written[i]!),
          settings,
        );
        expectClose(
          [...moved.expectedUtilities],
          order.map((i) => plain.expectedUtilities[i]!),
        );
        const best = plain.expectedUtilities[plain.choice]!;
        expect(plain.expectedUtilities[order[moved.choice]!]).toBeCloseTo(best, 8);
      }),
    );
  });

  it('returns a single candidate as it is', () => {
    fc.assert(
      fc.property(text, metric, fc.boolean(), (only, utility, countSelf) => {
        const found = decideByMbr([{ text: only, member: 'm' }], { utility, countSelf });
        expect(found.choice).toBe(0);
        expect([...found.weights]).toEqual([1]);
        expect(found.expectedUtilities[0]).not.toBeNaN();
      }),
    );
  });

  it('is a weighted plurality vote where the utility is exact match', () => {
    const ballot = fc.array(fc.tuple(fc.constantFrom('x', 'y', 'z'), weight), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(ballot, (votes) => {
        // Weights are eighths, so that the counts are exact.
        const counts = new Map<string, number>();
        for (const [vote, weight] of votes) counts.set(vote, (counts.get(vote) ?? 0) + weight);
        const most = Math.max(...counts.values());
        const winner = votes.findIndex(([vote]) => counts.get(vote) === most);
        const written = ofMembers(votes.map(([vote]) => vote));
        const memberWeights = weightsOf(votes.map(([, weight]) => weight));
        const { choice } = decideByMbr(written, { utility: exactMatch, memberWeights });
        expect(choice).toBe(winner);
      }),
    );
  });

  it('takes the least where lower is better', () => {
    const written = ofMembers(['p q r s', 'a b c d', 'a b c e', 'a b c f']);
    const { choice, expectedUtilities } = decideByMbr(written, { utility: ter() });
    // Edits to the four: 0 4 4 4, and 4 0 1 1 and its like; of 4 words each.
    expect([...expectedUtilities]).toEqual([-75, -37.5, -37.5, -37.5]);
    expect(choice).toBe(1);
  });

  it('compares what holds all the weight with itself, having nothing else', () => {
    const memberWeights = weightsOf([0, 1]);
    const settings = { utility: ter(), countSelf: false, memberWeights };
    const found = decideByMbr(ofMembers(['a b', 'a c']), settings);
    expect([...found.expectedUtilities]).toEqual([-50, 0]);
    expect(found.choice).toBe(1);
  });

  it('refuses an item without candidates', async () => {
    expect(await messageOf(() => decideByMbr([], { utility: chrf() }))).toMatch(
      /none to choose from/,
    );
  });
});

describe('weights of references', () => {
  const written = [
    { text: 'a', member: 'x', logProbability: Math.log(0.3) },
    { text: 'b', member: 'x', logProbability: Math.log(0.1) },
    { text: 'c', member: 'y', logProbability: -700 },
  ];
  const memberWeights = new Map([['y', 3]]);

  it('share the weight of a member among its candidates', () => {
    expect([...referenceWeights(written, { memberWeights })]).toEqual([0.125, 0.125, 0.75]);
  });

  it('share it by probability', () => {
    const found = referenceWeights(written, { weighting: 'probability', memberWeights });
    expectClose([...found], [0.75 / 4, 0.25 / 4, 0.75]);
    const flat = referenceWeights(written, { weighting: 'probability', temperature: 2 });
    const odds = Math.sqrt(3);
    expectClose([...flat], [odds / (1 + odds) / 2, 1 / (1 + odds) / 2, 0.5]);
  });

  it('are equal where every candidate is impossible', () => {
    const impossible = ['a', 'b'].map((text) => {
      return { text, member: 'x', logProbability: Number.NEGATIVE_INFINITY };
    });
    expect([...referenceWeights(impossible, { weighting: 'probability' })]).toEqual([0.5, 0.5]);
  });

  it.each([
    [{ weighting: 'probability' as const }, /"x".*no log-probability/],
    [{ temperature: 0 }, /temperature: 0/],
    [{ memberWeights: new Map([['x', -1]]) }, /"x".*-1/],
    [{ memberWeights: new Map([['x', Number.NaN]]) }, /"x".*NaN/],
    [{ memberWeights: new Map([['x', 0]]) }, /all have weight 0/],
  ])('refuse %o', async (weighting, message) => {
    const written = [{ text: 'a', member: 'x' }];
    expect(await messageOf(() => referenceWeights(written, weighting))).toMatch(message);
  });
});
