// The recipe of each method that the bench runs, with the targets of its time over the floor's.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} BenchRecipe
 * @property {number} target Most that the merge's time may be, in times of the floor's.
 * @property {string[]} inputs
 * @property {string} [base]
 * @property {Record<string, number | boolean>} perModel
 * @property {Record<string, number | boolean>} global
 */

/** @type {(target: number, parts?: Partial<BenchRecipe>) => BenchRecipe} */
const recipe = (target, parts = {}) => ({
  target,
  inputs: ['a', 'b', 'c'],
  perModel: {},
  global: {},
  ...parts,
});

const base = 'base';
const weight = { weight: 0.5 };
const sparse = { weight: 0.5, density: 0.5 };
const band = { weight: 0.5, density: 0.9, gamma: 0.01 };
const pair = { inputs: ['a', 'b'] };

/** @type {Readonly<Record<string, BenchRecipe>>} */
export const RECIPES = {
  linear: recipe(1.15, { perModel: { weight: 1 } }),
  task_arithmetic: recipe(1.15, { base, perModel: weight }),
  passthrough: recipe(1.15, { inputs: ['a'] }),
  nearswap: recipe(1.15, { base, inputs: ['a'], global: { t: 0.001 } }),
  ram: recipe(1.15, { base }),
  slerp: recipe(1.3, { ...pair, base: 'a', global: { t: 0.5 } }),
  nuslerp: recipe(1.3, { ...pair, perModel: weight }),
  multislerp: recipe(1.3, { perModel: { weight: 1 } }),
  model_stock: recipe(1.3, { base }),
  karcher: recipe(1.3),
  dare_linear: recipe(1.6, { base, perModel: sparse }),
  dare_ties: recipe(1.6, { base, perModel: sparse }),
  ties: recipe(1.6, { base, perModel: sparse }),
  breadcrumbs: recipe(1.6, { base, perModel: band }),
  breadcrumbs_ties: recipe(1.6, { base, perModel: band }),
  sce: recipe(1.6, { base, global: { select_topk: 0.5 } }),
  arcee_fusion: recipe(1.6, { base, inputs: ['a'] }),
  // Of the same shape as the five above.
  ramplus_tl: recipe(1.6, { base }),
  della: recipe(2.5, { base, perModel: { ...sparse, epsilon: 0.15 } }),
  della_linear: recipe(2.5, { base, perModel: { ...sparse, epsilon: 0.15 } }),
};

/** One method of each shape: elementwise, Gram matrix, selection. */
export const ONE_OF_EACH_SHAPE = ['linear', 'slerp', 'ties'];

/** @type {(method: string) => BenchRecipe} */
export function recipeOf(method) {
  const found = RECIPES[method];
  if (found) return found;
  throw new Error(`unknown method "${method}"; known: ${Object.keys(RECIPES).join(', ')}`);
}

/**
 * Folders of a set that a method reads, each once.
 * @type {(method: string) => string[]}
 */
export function modelsReadBy(method) {
  const { base: baseModel, inputs } = recipeOf(method);
  return [...new Set([...(baseModel ? [baseModel] : []), ...inputs])];
}

/**
 * Writes the recipe beside the set's models; returns its path.
 * @type {(folder: string, method: string) => string}
 */
export function writeRecipe(folder, method) {
  const { inputs, base: baseModel, perModel, global } = recipeOf(method);
  const lines = [`merge_method: ${method}`];
  if (baseModel) lines.push(`base_model: ${baseModel}`);
  lines.push('models:');
  for (const model of inputs) lines.push(`  - model: ${model}`, ...members('    ', perModel));
  lines.push(...members('', global));
  mkdirSync(join(folder, 'recipes'), { recursive: true });
  const path = join(folder, 'recipes', `${method}.yml`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

function members(indent, values) {
  const entries = Object.entries(values);
  if (entries.length === 0) return [];
  return [`${indent}parameters:`, ...entries.map(([key, value]) => `${indent}  ${key}: ${value}`)];
}
