/** What members say of labelled data, as one table that weights can be fitted to. */

import { badInput } from '../../errors.ts';
import { requireAbility } from '../../model/abilities.ts';
import type { Item, RequestOptions } from '../../model/languageModel.ts';
import { askMembers } from '../askMembers.ts';
import type { Member } from '../member.ts';
import { alignedDistribution, alignLabels, type LabelPolicy } from '../pool/alignLabels.ts';

export interface LabelledItem extends Item {
  readonly label: string;
}

export interface LabelTable {
  readonly labels: readonly string[];
  /** Log-probabilities of each member, [items][labels]. */
  readonly members: readonly Float64Array[];
  /** The right label of each item, by its place. */
  readonly answers: Int32Array;
}

/** Some at a time, so that progress shows. */
const PART = 256;

export async function labelTable(
  members: readonly Member[],
  items: readonly LabelledItem[],
  labelPolicy: LabelPolicy,
  options: RequestOptions & { readonly onProgress?: (done: number, total: number) => void },
): Promise<LabelTable> {
  const classifiers = members.map(({ model }) => requireAbility(model, 'classify'));
  const aligned = alignLabels(
    members.map(({ name }, i) => ({ name, labels: classifiers[i]!.labels })),
    labelPolicy,
  );
  const { labels, places } = aligned;
  const answers = answersOf(items, labels);
  const tables = members.map(() => new Float64Array(items.length * labels.length));
  for (let start = 0; start < items.length; start += PART) {
    const part = items.slice(start, start + PART);
    await askMembers(members, 'error', async (_, m) => {
      const rows = await classifiers[m]!.logProbabilities(part, options);
      rows.forEach((row, i) => {
        tables[m]!.set(alignedDistribution(row, places[m]!), (start + i) * labels.length);
      });
    });
    options.onProgress?.(Math.min(start + PART, items.length), items.length);
  }
  return { labels, members: tables, answers };
}

function answersOf(items: readonly LabelledItem[], labels: readonly string[]): Int32Array {
  return Int32Array.from(items, ({ id, label }) => {
    const place = labels.indexOf(label);
    if (place >= 0) return place;
    const known = labels.join(', ');
    throw badInput(`item "${id}" has the label "${label}", and the members know ${known}`);
  });
}
