/** Ensembles of classifiers: pools and votes by name, labels that differ, members that fail. */

import { describe, expect, it } from 'vitest';
import { type EnsembleDefinition, ensemble } from '../../src/ensemble/ensemble.ts';
import type { LabelExplanation } from '../../src/ensemble/explanation.ts';
import { constantClassifier, failingClassifier } from './members.ts';

const ITEM = { id: '7', text: 'x' };
const SAYS = [
  { a: 0.1, b: 0.2, c: 0.3, d: 0.4 },
  { a: 0.2, b: 0.3, c: 0.1, d: 0.4 },
  { a: 0.3, b: 0.1, c: 0.2, d: 0.4 },
];
const WEIGHTS = [0.3, 0.3, 0.4];

function members(says: readonly Readonly<Record<string, number>>[], weights: readonly number[]) {
  return says.map((probabilities, i) => ({
    model: constantClassifier(`m${i}`, probabilities),
    weight: weights[i]!,
  }));
}

async function probabilitiesOf(definition: EnsembleDefinition): Promise<Record<string, number>> {
  const { classify } = ensemble(definition);
  const [row] = await classify!.logProbabilities([ITEM]);
  return Object.fromEntries(classify!.labels.map((label, i) => [label, Math.exp(row![i]!)]));
}

function expectClose(found: Record<string, number>, wanted: Record<string, number>) {
  expect(Object.keys(found)).toEqual(Object.keys(wanted));
  for (const [label, p] of Object.entries(wanted)) expect(found[label]).toBeCloseTo(p, 12);
}

describe('pools', () => {
  it('linear: the weighted mean', async () => {
    const found = await probabilitiesOf({ ensemble: 'linear', members: members(SAYS, WEIGHTS) });
    expectClose(found, { a: 0.21, b: 0.19, c: 0.2, d: 0.4 });
  });

  it('linear: weights are divided by their sum', async () => {
    const found = await probabilitiesOf({ ensemble: 'linear', members: members(SAYS, [3, 3, 4]) });
    expectClose(found, { a: 0.21, b: 0.19, c: 0.2, d: 0.4 });
  });

  it('log_linear: weights count as written', async () => {
    const [first] = SAYS;
    const squares = Object.values(first!).map((p) => p * p);
    const total = squares.reduce((a, b) => a + b);
    const found = await probabilitiesOf({
      ensemble: 'log_linear',
      members: members([first!], [2]),
    });
    expectClose(
      found,
      Object.fromEntries('abcd'.split('').map((l, i) => [l, squares[i]! / total])),
    );
  });

  it('a temperature is applied to a member before the pool', async () => {
    const tempered = members([{ a: 0.9, b: 0.1 }], [1]).map((each) => ({
      ...each,
      temperature: 2,
    }));
    const odds = Math.sqrt(9);
    const found = await probabilitiesOf({ ensemble: 'linear', members: tempered });
    expectClose(found, { a: odds / (1 + odds), b: 1 / (1 + odds) });
  });

  it('a temperature that would mean nothing is refused', () => {
    const tempered = members([{ a: 0.9, b: 0.1 }], [1]).map((each) => ({
      ...each,
      temperature: 2,
    }));
    expect(() => ensemble({ ensemble: 'vote', members: tempered })).toThrow(
      'member m0 has a temperature, which vote has no use for',
    );
  });

  it('labels are matched by name, not by place', async () => {
    const found = await probabilitiesOf({
      ensemble: 'linear',
      members: members(
        [
          { a: 0.9, b: 0.1 },
          { b: 0.2, a: 0.8 },
        ],
        [1, 1],
      ),
    });
    expectClose(found, { a: 0.85, b: 0.15 });
  });

  it('a label that a member lacks is an error, or 0 there when the recipe says so', async () => {
    const differing = members(
      [
        { a: 0.9, b: 0.1 },
        { a: 0.5, c: 0.5 },
      ],
      [1, 1],
    );
    expect(() => ensemble({ ensemble: 'linear', members: differing })).toThrow(/label "c".*m0/);
    const found = await probabilitiesOf({
      ensemble: 'linear',
      members: differing,
      labels: 'union',
    });
    expectClose(found, { a: 0.7, b: 0.05, c: 0.25 });
  });
});

describe('votes', () => {
  const three = [
    { a: 0.6, b: 0.4 },
    { a: 0.1, b: 0.9 },
    { a: 0.7, b: 0.3 },
  ];

  it('vote: shares of the weights', async () => {
    const found = await probabilitiesOf({ ensemble: 'vote', members: members(three, [1, 1, 2]) });
    expectClose(found, { a: 0.75, b: 0.25 });
  });

  it('vote: a tie goes to the first label, which is then the most probable', async () => {
    const tied = members(
      [
        { a: 0.1, b: 0.9 },
        { a: 0.9, b: 0.1 },
      ],
      [1, 1],
    );
    const { classify } = ensemble({ ensemble: 'vote', members: tied });
    const [row] = await classify!.logProbabilities([ITEM]);
    expect(row![0]).toBeGreaterThanOrEqual(row![1]!);
  });

  it('borda: points for every label below', async () => {
    // a > b > c twice and c > b > a once: 4, 3 and 2 points.
    const ballots = [
      { a: 0.5, b: 0.3, c: 0.2 },
      { a: 0.5, b: 0.3, c: 0.2 },
      { a: 0.1, b: 0.2, c: 0.7 },
    ];
    const found = await probabilitiesOf({
      ensemble: 'borda',
      members: members(ballots, [1, 1, 1]),
    });
    expectClose(found, { a: 4 / 9, b: 3 / 9, c: 2 / 9 });
  });

  it('condorcet: the winner of all pairs, though plurality has another', async () => {
    // Plurality: a 4, c 3, b 2. In pairs b beats a 5 to 4 and c 6 to 3.
    const ballots = [
      { a: 0.5, b: 0.3, c: 0.2 },
      { a: 0.1, b: 0.5, c: 0.4 },
      { a: 0.1, b: 0.3, c: 0.6 },
    ];
    const { classify } = ensemble({ ensemble: 'condorcet', members: members(ballots, [4, 2, 3]) });
    const [row] = await classify!.logProbabilities([ITEM]);
    expect(classify!.labels[row!.indexOf(Math.max(...row!))]).toBe('b');
  });
});

describe('members that fail', () => {
  const [good] = members([{ a: 0.9, b: 0.1 }], [1]);
  const bad = { model: failingClassifier('gone', ['a', 'b']), weight: 3 };

  it('are the error, by name, unless the recipe says otherwise', async () => {
    const model = ensemble({ ensemble: 'linear', members: [good!, bad] });
    await expect(model.classify!.logProbabilities([ITEM])).rejects.toThrow('gone: HTTP 503');
  });

  it('are left out and told of, and the weights are shared by the others', async () => {
    const model = ensemble({ ensemble: 'linear', members: [good!, bad], on_failure: 'drop' });
    const missing: unknown[] = [];
    const [row] = await model.classify!.logProbabilities([ITEM], {
      onMissing: (each) => missing.push(each),
    });
    expect(Math.exp(row![0]!)).toBeCloseTo(0.9, 12);
    expect(missing).toEqual([{ member: 'gone', reason: 'gone: HTTP 503' }]);
  });

  it('are too many for a quorum', async () => {
    const model = ensemble({
      ensemble: 'linear',
      members: [good!, bad],
      on_failure: { quorum: 2 },
    });
    await expect(model.classify!.logProbabilities([ITEM])).rejects.toThrow(
      '1 members answered, and 2 are needed (gone: gone: HTTP 503)',
    );
  });
});

describe('an explanation', () => {
  it('tells who moved the choice', async () => {
    const model = ensemble({
      ensemble: 'linear',
      members: members(
        [
          { a: 0.6, b: 0.4 },
          { a: 0.55, b: 0.45 },
          { a: 0.1, b: 0.9 },
        ],
        [1, 1, 1],
      ),
    });
    const found = (await model.explain!(ITEM)) as LabelExplanation;
    expect(found.label).toBe('b');
    expect(found.members.map(({ label }) => label)).toEqual(['a', 'a', 'b']);
    expect(found.members.map(({ labelWithout }) => labelWithout)).toEqual(['b', 'b', 'a']);
  });

  it('says nothing of a choice without the only member that has a weight', async () => {
    const says = [
      { a: 0.6, b: 0.4 },
      { a: 0.1, b: 0.9 },
    ];
    for (const kind of ['linear', 'log_linear', 'vote']) {
      const model = ensemble({ ensemble: kind, members: members(says, [1, 0]) });
      const found = (await model.explain!(ITEM)) as LabelExplanation;
      expect(found.members.map(({ labelWithout }) => labelWithout)).toEqual([undefined, 'a']);
    }
  });
});
