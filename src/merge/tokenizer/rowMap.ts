/**
 * Where every output row of every model's embedding (and head) comes from.
 *
 * A model that has a token keeps its own row. One that lacks it takes the base's row, else the mean
 * over the models that have it. A row whose id has no token (a padded vocabulary, a hole) goes by
 * its id in the same way, among the models where that id has no token either. Rows that nobody has
 * are zero, and so are rows that pad the count to a multiple.
 */

import type { OutputVocabulary, TokenizerModel } from './outputVocabulary.ts';
import type { TokenSetting } from './setting.ts';
import { type ForcedRow, planTokenRows } from './tokenRow.ts';

export interface RowPlace {
  readonly model: number;
  readonly row: number;
}

export const ZERO_ROW = -1;
export const MEAN_ROW = -2;

/** Row r of the output is row `row[r]` of model `model[r]`, zero, or the mean of `means[row[r]]`. */
export interface RowMap {
  readonly rowCount: number;
  /** A model's index, `ZERO_ROW` or `MEAN_ROW`. */
  readonly model: Int32Array;
  readonly row: Int32Array;
  /** One list for all maps of a plan. */
  readonly means: readonly (readonly RowPlace[])[];
}

/** The row of a model that lacks the token: a copy, zero, or (more than one place) a mean. */
export type Substitute = readonly RowPlace[];

export interface RowPlanInput {
  readonly output: OutputVocabulary;
  readonly models: readonly TokenizerModel[];
  readonly base: number | undefined;
  /** Rows from here on are padding. */
  readonly keptRows: number;
  readonly rowCount: number;
  readonly tokens: Readonly<Record<string, TokenSetting>>;
}

/** One map per model, in the order given. */
export function planRowMaps(input: RowPlanInput): RowMap[] {
  const { models, keptRows, rowCount } = input;
  const means: Substitute[] = [];
  const maps = models.map(() => ({
    rowCount,
    model: new Int32Array(rowCount).fill(ZERO_ROW),
    row: new Int32Array(rowCount),
    means,
  }));
  const forced = planTokenRows(input);
  for (let r = 0; r < keptRows; r++) {
    const own = ownRows(input, r);
    fillRow(maps, r, own, substituteOf(input, own, forced.get(r)), forced.get(r)?.force ?? false);
  }
  return maps;
}

/** Whether the map changes nothing for the model with this index. */
export function isIdentityMap(map: RowMap, model: number, rows: number): boolean {
  return (
    map.rowCount === rows &&
    map.model.every((from) => from === model) &&
    map.row.every((row, r) => row === r)
  );
}

/** For output row r, each model's own row, or -1. */
function ownRows(input: RowPlanInput, r: number): number[] {
  const token = input.output.byId[r];
  return input.models.map(({ vocabulary, rows }) => {
    if (token === undefined) return r < rows && vocabulary.byId[r] === undefined ? r : -1;
    const id = vocabulary.tokens.get(token) ?? -1;
    return id < rows ? id : -1;
  });
}

function substituteOf(
  input: RowPlanInput,
  own: readonly number[],
  set: ForcedRow | undefined,
): Substitute {
  if (set?.places) return set.places;
  const { base, models } = input;
  const baseRow = base === undefined ? -1 : own[base]!;
  if (base !== undefined && baseRow >= 0) return [{ model: base, row: baseRow }];
  const places = own.flatMap((row, model) => (row >= 0 ? [{ model, row }] : []));
  const merged = places.filter(({ model }) => models[model]!.merged);
  return merged.length > 0 ? merged : places;
}

type WritableMap = Omit<RowMap, 'means'> & { readonly means: Substitute[] };

function fillRow(
  maps: readonly WritableMap[],
  r: number,
  own: readonly number[],
  substitute: Substitute,
  force: boolean,
): void {
  const usesSubstitute = force || own.includes(-1);
  if (usesSubstitute && substitute.length > 1) maps[0]?.means.push(substitute);
  maps.forEach((map, m) => {
    if (!force && own[m]! >= 0) {
      map.model[r] = m;
      map.row[r] = own[m]!;
    } else if (substitute.length > 1) {
      map.model[r] = MEAN_ROW;
      map.row[r] = map.means.length - 1;
    } else if (substitute[0]) {
      map.model[r] = substitute[0].model;
      map.row[r] = substitute[0].row;
    }
  });
}
