import { expect, it } from 'vitest';
import { alignedDistribution, alignLabels } from '../../../src/ensemble/pool/alignLabels.ts';

const a = { name: 'a', labels: ['negative', 'positive'] };
const b = { name: 'b', labels: ['positive', 'negative'] };
const c = { name: 'c', labels: ['positive', 'neutral', 'negative'] };

it('goes by names, in the order of the first member', () => {
  const { labels, places } = alignLabels([a, b]);
  expect(labels).toEqual(['negative', 'positive']);
  expect(places.map((each) => [...each])).toEqual([
    [0, 1],
    [1, 0],
  ]);
  expect([...alignedDistribution([-1, -2], places[1]!)]).toEqual([-2, -1]);
});

it('names the member that lacks a label, and the label', () => {
  expect(() => alignLabels([a, c])).toThrow(
    'label "neutral": member c has it, member a has "negative", "positive"; with labels: union',
  );
  expect(() => alignLabels([c, a])).toThrow('label "neutral": member c has it, member a has');
});

it('gives a label that is lacking probability 0 in a union', () => {
  const { labels, places } = alignLabels([a, c], 'union');
  expect(labels).toEqual(['negative', 'positive', 'neutral']);
  expect([...alignedDistribution([-1, -2], places[0]!)]).toEqual([
    -1,
    -2,
    Number.NEGATIVE_INFINITY,
  ]);
  expect([...alignedDistribution([-1, -2, -3], places[1]!)]).toEqual([-3, -1, -2]);
});

it('refuses labels that no result could tell apart', () => {
  expect(() => alignLabels([{ name: 'd', labels: ['x', 'x'] }])).toThrow(
    'member d: label "x" is there twice',
  );
  expect(() => alignLabels([a, { name: 'e', labels: [] }])).toThrow('member e: has no labels');
});
