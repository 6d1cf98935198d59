// The recipes that the demo merges with: files as a user would write them. Settings are the
// papers' or mergekit's usual ones, taken as they are; none was chosen for its result here.

const models = (names, parameters = {}) =>
  names.flatMap((name) => [
    `  - model: ../models/${name}`,
    ...(Object.keys(parameters).length > 0 ? ['    parameters:'] : []),
    ...Object.entries(parameters).map(([key, value]) => `      ${key}: ${value}`),
  ]);

function recipe(method, { of = ['a', 'b', 'c'], base, perModel, global = {} }) {
  const lines = [
    `merge_method: ${method}`,
    ...(base ? [`base_model: ../models/${base}`] : []),
    'models:',
    ...models(of, perModel),
    ...(Object.keys(global).length > 0 ? ['parameters:'] : []),
    ...Object.entries(global).map(([key, value]) => `  ${key}: ${value}`),
    'dtype: float32',
  ];
  return `${lines.join('\n')}\n`;
}

const half = { weight: 0.5 };
const halfSparse = { weight: 0.5, density: 0.5 };

/** Name of the recipe's file (without .yml) to its text. */
export const RECIPES = {
  linear: recipe('linear', { perModel: { weight: 1 } }),
  slerp: recipe('slerp', { of: ['a', 'b'], base: 'a', global: { t: 0.5 } }),
  multislerp: recipe('multislerp', { perModel: { weight: 1 } }),
  karcher: recipe('karcher', {}),
  model_stock: recipe('model_stock', { base: 'base' }),
  task_arithmetic: recipe('task_arithmetic', { base: 'base', perModel: half }),
  ties: recipe('ties', { base: 'base', perModel: { weight: 1, density: 0.5 } }),
  dare_linear: recipe('dare_linear', { base: 'base', perModel: halfSparse }),
  dare_ties: recipe('dare_ties', { base: 'base', perModel: halfSparse }),
  della: recipe('della', { base: 'base', perModel: { ...halfSparse, epsilon: 0.15 } }),
  breadcrumbs: recipe('breadcrumbs', {
    base: 'base',
    perModel: { weight: 0.5, density: 0.9, gamma: 0.01 },
  }),
  sce: recipe('sce', { base: 'base', global: { select_topk: 0.5 } }),
  ram: recipe('ram', { base: 'base' }),
};
