/**
 * What is drawn and swapped as one: an item, or the group of items that share a document, a question, a
 * writer. Items of a group are alike, so that drawing them one by one would count the same evidence
 * several times; adding their statistics up beforehand makes a group as simple as an item.
 */

import { badInput } from '../../errors.ts';
import type { StatisticsTable } from '../metrics/statisticsTable.ts';

/** Of every item, the group it is in, by any name or number. */
export type Groups = ArrayLike<string | number>;

/** A row a group, in the order in which groups appear; without groups, the table as it is. */
export function unitTable(table: StatisticsTable, groups?: Groups): StatisticsTable {
  if (groups === undefined) return requireUnits(table, 'items');
  const { width } = table;
  const places = groupPlaces(groups, table.itemCount);
  const itemCount = places.reduce((most, place) => Math.max(most, place), 0) + 1;
  const values = new Float64Array(itemCount * width);
  table.values.forEach((value, at) => {
    const [item, k] = [Math.floor(at / width), at % width];
    values[places[item]! * width + k]! += value;
  });
  return requireUnits({ itemCount, width, values }, 'groups');
}

/** The group of every item, counted from 0 in the order in which they appear. */
export function groupPlaces(groups: Groups, itemCount: number): Uint32Array {
  if (groups.length !== itemCount) {
    throw badInput(`groups: ${groups.length} are given for ${itemCount} items`);
  }
  const places = new Map<string | number, number>();
  return Uint32Array.from(groups, (group) => {
    const place = places.get(group) ?? places.size;
    places.set(group, place);
    return place;
  });
}

function requireUnits(table: StatisticsTable, what: string): StatisticsTable {
  if (table.itemCount >= 2) return table;
  throw badInput(`significance: resampling takes at least 2 ${what}, not ${table.itemCount}`);
}
