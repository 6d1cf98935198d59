/** Features of an item's candidates as a table, and their spread. */

/** [candidates, names], row by row. */
export interface FeatureTable {
  readonly names: readonly string[];
  readonly values: Float64Array;
}

/** Each feature with mean 0 and variance 1 over the candidates; 0 where they are all alike. */
export function standardised(table: FeatureTable): FeatureTable {
  const { names, values } = table;
  const scaled = new Float64Array(values.length);
  for (let f = 0; f < names.length; f++) {
    const { mean, variance } = spreadOf(table, f);
    for (let i = f; i < values.length; i += names.length) {
      scaled[i] = variance > 0 ? (values[i]! - mean) / Math.sqrt(variance) : 0;
    }
  }
  return { names, values: scaled };
}

export interface Spread {
  readonly mean: number;
  readonly variance: number;
}

export function spreadOf({ names, values }: FeatureTable, feature: number): Spread {
  const column = values.filter((_, i) => i % names.length === feature);
  // The mean of equal numbers can differ from them in its last bit.
  if (column.every((x) => x === column[0])) return { mean: column[0]!, variance: 0 };
  const mean = column.reduce((sum, x) => sum + x, 0) / column.length;
  const squares = column.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, variance: squares / column.length };
}
