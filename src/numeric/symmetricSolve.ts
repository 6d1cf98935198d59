/**
 * Small symmetric positive definite systems, by Cholesky's factorisation A = L L' (A.-L. Cholesky,
 * 1910; G. Golub and C. Van Loan, Matrix Computations, section 4.2). Dense; a few dozen unknowns.
 */

/** [n][n], the lower triangle filled; undefined if the matrix is not positive definite. */
export function choleskyFactor(matrix: Float64Array, n: number): Float64Array | undefined {
  const factor = new Float64Array(n * n);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * n + column]!;
      for (let k = 0; k < column; k++) sum -= factor[row * n + k]! * factor[column * n + k]!;
      if (row !== column) factor[row * n + column] = sum / factor[column * n + column]!;
      else if (sum > 0) factor[row * n + row] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return factor;
}

/** x with L L' x = right. */
export function solveFactored(factor: Float64Array, right: ArrayLike<number>): Float64Array {
  const x = Float64Array.from(right);
  const n = x.length;
  for (let row = 0; row < n; row++) {
    for (let k = 0; k < row; k++) x[row]! -= factor[row * n + k]! * x[k]!;
    x[row]! /= factor[row * n + row]!;
  }
  for (let row = n - 1; row >= 0; row--) {
    for (let k = row + 1; k < n; k++) x[row]! -= factor[k * n + row]! * x[k]!;
    x[row]! /= factor[row * n + row]!;
  }
  return x;
}
