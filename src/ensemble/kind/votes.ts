/**
 * `ensemble: vote | borda | condorcet`: members vote, and only the order of their labels counts. The
 * probabilities of the result are shares of the votes, or of the points. By `vote` members that write
 * vote on their answers: those of one canonical form count together.
 */

import { requireAbility } from '../../model/abilities.ts';
import { argmax } from '../../numeric/argmax.ts';
import { fusedClassifier, type LabelPool } from '../fusedClassifier.ts';
import type { Member } from '../member.ts';
import { PANEL_KEYS } from '../panel/settings.ts';
import type { LabelPolicy } from '../pool/alignLabels.ts';
import { borda as bordaCount } from '../vote/borda.ts';
import { condorcet as condorcetCount } from '../vote/condorcet.ts';
import { plurality } from '../vote/plurality.ts';
import type { Tally } from '../vote/tally.ts';
import { extractSchema } from './answerForm.ts';
import { labelsSchema } from './generation.ts';
import { type Capabilities, defineKind, type EnsembleContext, type EnsembleKind } from './kind.ts';
import { panelOf } from './panel.ts';

/** Labels by their places, whatever they are called. */
type Count = (
  rows: readonly Float64Array[],
  places: readonly string[],
  weights: readonly number[],
) => Tally;

const countFavourites: Count = (rows, places, weights) =>
  plurality(
    rows.map((row) => places[argmax(row)]),
    places,
    { weights },
  );

export const vote = defineKind({
  name: 'vote',
  summary: 'Every member votes for a label, or by its answer; ties go to the first.',
  tasks: ['text-classification', 'text-generation'],
  keys: { labels: labelsSchema, extract: extractSchema, samples: PANEL_KEYS.samples },
  create: (members, { labels = 'same', extract, samples }, context) => {
    if (context.task === 'text-classification') {
      return countedClassifier(members, countFavourites, labels, context);
    }
    const settings = { mode: 'vote', ...(samples === undefined ? {} : { samples }) } as const;
    return panelOf(members, settings, extract, context);
  },
});

export const borda = votingKind(
  'borda',
  'A label gets a point for every label that a member finds less probable.',
  (rows, places, weights) => bordaCount(rows, places, { weights }),
);

export const condorcet = votingKind(
  'condorcet',
  'The label that beats every other in pairs; where there is none, the strongest paths decide.',
  (rows, places, weights) => condorcetCount(rows, places, { weights }),
);

function votingKind(name: string, summary: string, count: Count): EnsembleKind {
  return defineKind({
    name,
    summary,
    tasks: ['text-classification'],
    keys: { labels: labelsSchema },
    create: (members, { labels = 'same' }, context) =>
      countedClassifier(members, count, labels, context),
  });
}

function countedClassifier(
  members: readonly Member[],
  count: Count,
  labels: LabelPolicy,
  context: EnsembleContext,
): Capabilities {
  for (const { model } of members) requireAbility(model, 'classify');
  return fusedClassifier(members, poolOf(count), labels, context);
}

/**
 * Shares of the votes; where the rule puts another label first than the votes alone would (ties, and
 * paths), the winner's share is just above theirs.
 */
function poolOf(count: Count): LabelPool {
  return (rows, weights) => {
    const places = Array.from(rows[0]!, (_, place) => String(place));
    const { votes, winner } = count(rows, places, weights);
    const shares = Float64Array.from(votes, (each) => each.votes);
    const first = Number(winner ?? 0);
    const most = Math.max(...shares);
    if (shares[first]! < most || argmax(shares) !== first) shares[first] = most * (1 + TIE);
    const total = shares.reduce((sum, share) => sum + share, 0);
    return shares.map((share) => Math.log(total > 0 ? share / total : 1 / shares.length));
  };
}

/** Tells a winner from those that it is level with. */
const TIE = 1e-9;
