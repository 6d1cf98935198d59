/**
 * Coordinate ascent from given weights, with exact line searches (lineSearch.ts), and random directions
 * besides the axes, as an optimum along all axes need not be one in between.
 */

import { argmax } from '../../numeric/argmax.ts';
import type { RandomSource } from '../../numeric/random.ts';
import { addTo, bestStep, type Objective, type RerankItem } from './lineSearch.ts';
import { linearScores } from './rerank.ts';

/** Rounds over all directions; a search ends before, when a round brings nothing. */
const MOST_ROUNDS = 20;

/** Weights of the features as they are, and the objective there. */
export interface Climb {
  readonly weights: Float64Array;
  readonly value: number;
}

/**
 * Along every axis and as many random directions, until none of them brings anything.
 *
 * @param start in multiples of 1 / unit, which directions are too
 * @param units of each feature
 */
export function climb(
  items: readonly RerankItem[],
  start: Float64Array,
  units: Float64Array,
  objective: Objective,
  random: RandomSource,
): Climb {
  const weights = inUnits(start, units);
  let best: Climb = { weights, value: objectiveAt(items, weights, objective) };
  const width = start.length;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = best.value;
    const oblique = Array.from({ length: width }, () => randomDirection(width, random));
    for (const direction of [...axes(width), ...oblique]) {
      best = better(items, best, inUnits(direction, units), objective);
    }
    if (best.value === before) break;
  }
  return best;
}

/** A step counts for what its weights choose, whatever rounding made of the search. */
function better(
  items: readonly RerankItem[],
  from: Climb,
  direction: Float64Array,
  objective: Objective,
): Climb {
  const step = bestStep(items, from.weights, direction, objective);
  if (step === undefined || !(step.value > from.value)) return from;
  const weights = from.weights.map((weight, f) => weight + step.length * direction[f]!);
  const value = objectiveAt(items, weights, objective);
  return value > from.value ? { weights, value } : from;
}

/** For the choices that the weights make. */
export function objectiveAt(
  items: readonly RerankItem[],
  weights: Float64Array,
  objective: Objective,
): number {
  const total = new Float64Array(items[0]!.statistics[0]!.length);
  for (const { features, statistics } of items) {
    addTo(total, statistics[argmax(linearScores(features, weights))]!, 1);
  }
  return objective(total);
}

export function axes(width: number): Float64Array[] {
  return Array.from({ length: width }, (_, f) => {
    const axis = new Float64Array(width);
    axis[f] = 1;
    return axis;
  });
}

/** Each part uniform in [-1, 1). */
export function randomDirection(width: number, random: RandomSource): Float64Array {
  return Float64Array.from({ length: width }, () => random.nextUint32() / 2 ** 31 - 1);
}

function inUnits(direction: Float64Array, units: Float64Array): Float64Array {
  return direction.map((x, f) => x / units[f]!);
}
