/**
 * The word edit distance within TER: insertions, deletions and substitutions that turn a hypothesis
 * into a reference, without shifts (V. Levenshtein, 1966).
 *
 *     d[i][j] = min(d[i-1][j-1] + [h_i != r_j],  d[i-1][j] + 1,  d[i][j-1] + 1)
 *
 * Only a band around the diagonal is computed, as in Tercom, whose values TER is defined by: 25 cells
 * to either side, more where the reference is very much longer. So for long texts the distance is an
 * upper bound. A row depends on the rows before it alone, so that texts which begin alike share rows.
 */

const BEAM = 25;

/** More than any distance, and adding to it does not overflow. */
const UNREACHED = 1e9;

/** Rows are words of the hypothesis, columns those of the reference. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  /** Columns that row i has: [first[i], end[i]). */
  readonly first: Int32Array;
  readonly end: Int32Array;
  /** Room for a row: cell j stands at j - first[i] + 1, with unreached cells on both sides. */
  readonly stride: number;
  readonly cells: Int32Array;
}

export function createGrid(rows: number, columns: number): Grid {
  const ratio = rows > 0 ? columns / rows : 1;
  const beam = BEAM < ratio / 2 ? Math.ceil(ratio / 2 + BEAM) : BEAM;
  const diagonal = (i: number) => Math.floor(i * ratio);
  const first = Int32Array.from({ length: rows + 1 }, (_, i) => Math.max(0, diagonal(i) - beam));
  const end = Int32Array.from({ length: rows + 1 }, (_, i) =>
    i === rows ? columns + 1 : Math.min(columns + 1, diagonal(i) + beam),
  );
  // The row above is read up to where this one ends.
  const stride = Math.min(columns + 1, 2 * beam + Math.ceil(ratio) + 1) + 2;
  const cells = new Int32Array((rows + 1) * stride).fill(UNREACHED);
  for (let j = 0; j <= columns && j + 1 < stride; j++) cells[j + 1] = j;
  return { rows, columns, first, end, stride, cells };
}

/** Room for other texts of the same lengths. */
export function gridLike(grid: Grid): Grid {
  return { ...grid, cells: grid.cells.slice() };
}

/** Takes over the row before the one that `fillRows` will begin with. */
export function copyRow(from: Grid, to: Grid, row: number): void {
  const start = row * from.stride;
  to.cells.set(from.cells.subarray(start, start + from.stride), start);
}

/**
 * Fills all rows after `row`, which is right already; words as numbers. The distance is then right if
 * it is at most `limit`, else more than that. A limit is no less than the lengths differ by.
 */
export function fillRows(
  grid: Grid,
  hypothesis: Uint32Array,
  reference: Uint32Array,
  row: number,
  limit = UNREACHED,
): void {
  const { cells, stride, rows, columns } = grid;
  // A way through (i, j) costs at least |j - i| + |(columns - j) - (rows - i)| (E. Ukkonen, 1985).
  const lowest = Math.ceil((columns - rows - limit) / 2);
  const highest = Math.floor((columns - rows + limit) / 2);
  for (let i = row + 1; i <= rows; i++) {
    const word = hypothesis[i - 1]!;
    const start = Math.max(grid.first[i]!, i + lowest);
    const end = Math.min(grid.end[i]!, i + highest + 1);
    let here = i * stride + 1 + start - grid.first[i]!;
    let above = (i - 1) * stride + 1 + start - grid.first[i - 1]!;
    cells[here - 1] = UNREACHED;
    for (let j = start; j < end; j++) {
      const changed = cells[above - 1]! + (j > 0 && word === reference[j - 1] ? 0 : 1);
      cells[here] = Math.min(changed, cells[above]! + 1, cells[here - 1]! + 1);
      here++;
      above++;
    }
    cells[here] = UNREACHED;
  }
}

export function cell(grid: Grid, i: number, j: number): number {
  return grid.cells[i * grid.stride + 1 + j - grid.first[i]!]!;
}

export function distanceIn(grid: Grid): number {
  return grid.rows === 0 ? grid.columns : cell(grid, grid.rows, grid.columns);
}
