/**
 * Classifiers that label together: asked side by side, their labels matched by name, their
 * distributions made one item by item. How is the pool's or the vote's business.
 */

import type { Classifier, Item, RequestOptions } from '../model/languageModel.ts';
import { argmax } from '../numeric/argmax.ts';
import { type Answer, askMembers } from './askMembers.ts';
import { temper } from './decode/rows.ts';
import type { Explain, LabelExplanation, LabelOpinion } from './explanation.ts';
import type { EnsembleContext } from './kind/kind.ts';
import type { Member, MissingMember } from './member.ts';
import { alignedDistribution, alignLabels, type LabelPolicy } from './pool/alignLabels.ts';

/** Log-probabilities of one item by each member, [members][labels], to those of the ensemble. */
export type LabelPool = (rows: readonly Float64Array[], weights: readonly number[]) => Float64Array;

export interface FusedClassifier {
  readonly classify: Classifier;
  readonly explain: Explain;
}

export function fusedClassifier(
  members: readonly Member[],
  pool: LabelPool,
  labelPolicy: LabelPolicy,
  { onFailure }: EnsembleContext,
): FusedClassifier {
  const aligned = alignLabels(
    members.map(({ name, model }) => ({ name, labels: model.classify!.labels })),
    labelPolicy,
  );
  const ask = (items: readonly Item[], options: RequestOptions) =>
    askMembers(
      members,
      onFailure,
      (member, index) => alignedRows(member, aligned.places[index]!, items, options),
      options,
    );
  return {
    classify: {
      labels: aligned.labels,
      async logProbabilities(items, options = {}) {
        const answers = await ask(items, options);
        return items.map((_, i) => fuse(pool, answers, i));
      },
    },
    async explain(item, options = {}) {
      const missing: MissingMember[] = [];
      const onMissing = (each: MissingMember) => {
        missing.push(each);
        options.onMissing?.(each);
      };
      const answers = await ask([item], { ...options, onMissing });
      return explainLabels(members, pool, aligned.labels, answers, missing);
    },
  };
}

type Rows = Answer<readonly Float64Array[]>;

async function alignedRows(
  { model, temperature }: Member,
  places: Int32Array,
  items: readonly Item[],
  options: RequestOptions,
): Promise<readonly Float64Array[]> {
  const rows = await model.classify!.logProbabilities(items, options);
  return rows.map((row) => {
    const tempered = temperature === 1 ? row : temper(row, row.length, temperature);
    return alignedDistribution(tempered, places);
  });
}

function fuse(pool: LabelPool, answers: readonly Rows[], item: number): Float64Array {
  return pool(
    answers.map(({ value }) => value[item]!),
    answers.map(({ member }) => member.weight),
  );
}

function explainLabels(
  members: readonly Member[],
  pool: LabelPool,
  labels: readonly string[],
  answers: readonly Rows[],
  missing: readonly MissingMember[],
): LabelExplanation {
  const fused = fuse(pool, answers, 0);
  const opinions = members.map((member, index): LabelOpinion => {
    const answer = answers.find((each) => each.index === index);
    const isHard = member.model.classify?.isHard === true;
    if (!answer) {
      const reason = missing.find((each) => each.member === member.name)?.reason ?? 'failed';
      const nothing = { label: undefined, labelWithout: undefined, missing: reason };
      return { member: member.name, weight: 0, isHard, probabilities: {}, ...nothing };
    }
    const others = answers.filter((each) => each !== answer);
    const hasVoice = others.some((each) => each.member.weight !== 0);
    return {
      member: member.name,
      weight: member.weight,
      isHard,
      probabilities: byLabel(labels, answer.value[0]!),
      label: labels[argmax(answer.value[0]!)],
      labelWithout: hasVoice ? labels[argmax(fuse(pool, others, 0))] : undefined,
    };
  });
  return {
    kind: 'labels',
    label: labels[argmax(fused)]!,
    probabilities: byLabel(labels, fused),
    members: opinions,
  };
}

function byLabel(labels: readonly string[], row: Float64Array): Record<string, number> {
  return Object.fromEntries(labels.map((label, i) => [label, Math.exp(row[i]!)]));
}
