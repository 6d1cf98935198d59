import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { borda } from '../../../src/ensemble/vote/borda.ts';
import { condorcet } from '../../../src/ensemble/vote/condorcet.ts';
import { plurality } from '../../../src/ensemble/vote/plurality.ts';
import { ballotOfRanking } from '../../../src/ensemble/vote/ranking.ts';

const LABELS = ['a', 'b', 'c'];

const ballots = (groups: readonly (readonly [count: number, ranking: string])[], labels = LABELS) =>
  groups.flatMap(([count, ranking]) =>
    Array.from({ length: count }, () => ballotOfRanking([...ranking], labels)),
  );

describe('plurality', () => {
  it('counts weights, tells votes per label and who abstained', () => {
    const tally = plurality(['b', undefined, 'c', 'b'], LABELS, { weights: [1, 5, 3, 1] });
    expect(tally).toEqual({
      winner: 'c',
      votes: [
        { label: 'a', votes: 0 },
        { label: 'b', votes: 2 },
        { label: 'c', votes: 3 },
      ],
      leaders: ['c'],
      abstained: 5,
    });
  });

  it('gives ties to the smallest label if labels are sorted, as VotingClassifier does', () => {
    // numpy.argmax(numpy.bincount([2, 1], weights)) is 1, whoever votes first.
    expect(plurality(['2', '1'], ['0', '1', '2']).winner).toBe('1');
    expect(plurality(['1', '2'], ['0', '1', '2']).winner).toBe('1');
    const tied = plurality(['0', '1', '2', '1', '2'], ['0', '1', '2']);
    expect(tied).toMatchObject({ winner: '1', leaders: ['1', '2'] });
    expect(plurality(['2', '1', '2'], ['0', '1', '2'], { weights: [1, 2, 1] }).winner).toBe('1');
  });

  it('sees a tie through rounding', () => {
    const tally = plurality(['a', 'b', 'b'], LABELS, { weights: [0.3, 0.1, 0.2] });
    expect(0.1 + 0.2).toBeGreaterThan(0.3);
    expect(tally).toMatchObject({ winner: 'a', leaders: ['a', 'b'] });
  });

  it('has no winner if everybody abstained', () => {
    expect(plurality([undefined, undefined], LABELS)).toMatchObject({
      winner: undefined,
      leaders: [],
      abstained: 2,
    });
    expect(plurality(['a'], LABELS, { weights: [0] }).winner).toBeUndefined();
  });

  it.each([
    {
      vote: () => plurality(['d'], LABELS),
      message: 'ballot 0 is for "d"; the labels are "a", "b", "c"',
    },
    {
      vote: () => plurality(['a'], LABELS, { weights: [1, 2] }),
      message: '2 weights for 1 ballots',
    },
    {
      vote: () => plurality(['a'], LABELS, { weights: [-1] }),
      message: 'the weight of ballot 0 is -1',
    },
  ])('refuses: $message', ({ vote, message }) => {
    expect(vote).toThrow(message);
  });
});

describe('borda', () => {
  it('elects whom most can live with, where plurality does not', () => {
    const groups = ballots([
      [3, 'abc'],
      [2, 'bca'],
      [2, 'cba'],
    ]);
    expect(borda(groups, LABELS).votes.map(({ votes }) => votes)).toEqual([6, 9, 6]);
    expect(borda(groups, LABELS).winner).toBe('b');
  });

  it('shares the points of labels that are alike or left out', () => {
    const tally = borda([ballotOfRanking(['b'], LABELS), Float64Array.of(-1, -1, -2)], LABELS);
    expect(tally.votes.map(({ votes }) => votes)).toEqual([0.5 + 1.5, 2 + 1.5, 0.5]);
  });

  it('hands out the same sum on every ballot', () => {
    const score = fc.constantFrom(Number.NEGATIVE_INFINITY, -2, -1, 0);
    fc.assert(
      fc.property(fc.array(fc.tuple(score, score, score), { minLength: 1 }), (scores) => {
        const { votes } = borda(scores, LABELS);
        expect(votes.reduce((sum, each) => sum + each.votes, 0)).toBe(3 * scores.length);
      }),
    );
  });

  it('counts weights and those who abstain', () => {
    const tally = borda([Float64Array.of(3, 2, 1), undefined, Float64Array.of(1, 2, 3)], LABELS, {
      weights: [1, 4, 2],
    });
    expect(tally).toMatchObject({ winner: 'c', abstained: 4 });
  });
});

describe('condorcet', () => {
  it('elects whom each majority prefers, whatever the favourites are', () => {
    // Tennessee's capital: Memphis has most first votes, Nashville beats each other city.
    const labels = ['m', 'n', 'c', 'k'];
    const tally = condorcet(
      ballots(
        [
          [42, 'mnck'],
          [26, 'nckm'],
          [15, 'cknm'],
          [17, 'kcnm'],
        ],
        labels,
      ),
      labels,
    );
    expect(tally).toMatchObject({ winner: 'n', decidedBy: 'condorcet', leaders: ['n'] });
    expect(tally.votes.map(({ votes }) => votes)).toEqual([0, 3, 2, 1]);
    expect(tally.preferences[1]).toEqual([58, 0, 68, 68]);
  });

  it('goes by the strongest paths in a circle: the example of the paper', () => {
    const labels = ['a', 'b', 'c', 'd', 'e'];
    const tally = condorcet(
      ballots(
        [
          [5, 'acbed'],
          [5, 'adecb'],
          [8, 'bedac'],
          [3, 'cabed'],
          [7, 'caebd'],
          [2, 'cbade'],
          [7, 'dceba'],
          [8, 'ebadc'],
        ],
        labels,
      ),
      labels,
    );
    expect(tally).toMatchObject({ winner: 'e', decidedBy: 'schulze' });
    // The paper's whole order is e > a > c > b > d.
    expect(tally.votes.map(({ votes }) => votes)).toEqual([3, 1, 2, 0, 4]);
  });

  it('leaves a circle of equal majorities to the order of the labels', () => {
    const circle = ballots([
      [1, 'abc'],
      [1, 'bca'],
      [1, 'cab'],
    ]);
    expect(condorcet(circle, LABELS)).toMatchObject({
      winner: 'a',
      decidedBy: 'order',
      leaders: ['a', 'b', 'c'],
    });
    expect(condorcet(circle, LABELS, { weights: [1, 1, 1.5] })).toMatchObject({
      winner: 'c',
      decidedBy: 'schulze',
    });
  });

  it('has no preference between labels that are alike, and no winner without ballots', () => {
    const tally = condorcet([ballotOfRanking(['c'], LABELS)], LABELS);
    expect(tally).toMatchObject({ winner: 'c', decidedBy: 'condorcet' });
    expect(tally.preferences).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [1, 1, 0],
    ]);
    expect(condorcet([undefined], LABELS)).toMatchObject({
      winner: undefined,
      decidedBy: undefined,
    });
  });

  it('elects the label that beats all others, if there is one', () => {
    const ranking = fc.shuffledSubarray(['a', 'b', 'c', 'd'], { minLength: 4 });
    const labels = ['a', 'b', 'c', 'd'];
    fc.assert(
      fc.property(fc.array(ranking, { minLength: 1, maxLength: 9 }), (rankings) => {
        const beats = (x: string, y: string) =>
          2 * rankings.filter((each) => each.indexOf(x) < each.indexOf(y)).length > rankings.length;
        const clear = labels.find((x) => labels.every((y) => x === y || beats(x, y)));
        const tally = condorcet(
          rankings.map((each) => ballotOfRanking(each, labels)),
          labels,
        );
        if (clear === undefined) expect(tally.decidedBy).not.toBe('condorcet');
        else expect(tally).toMatchObject({ winner: clear, decidedBy: 'condorcet' });
      }),
    );
  });

  it.each([
    { vote: () => condorcet([[1, 2]], LABELS), message: 'ballot 0 scores 2 labels of 3' },
    {
      vote: () => borda([[1, 2, Number.NaN]], LABELS),
      message: 'ballot 0 has a score that is NaN',
    },
    { vote: () => ballotOfRanking(['a', 'a'], LABELS), message: 'ranking: "a" is there twice' },
    {
      vote: () => ballotOfRanking(['d'], LABELS),
      message: 'ranking: "d" is not one of the labels',
    },
  ])('refuses: $message', ({ vote, message }) => {
    expect(vote).toThrow(message);
  });
});
