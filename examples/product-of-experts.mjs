// A product asks for what no model rules out, where a mean is content if one of them is for it
// (a log-linear pool, or product of experts):
//
//   p(y | x) = prod_i p_i(y | x)^w_i / Z
//
// Weights that sum to 1 make it the geometric mean; weights of 1 make it the plain product.

import { ensemble } from 'lmfuse';
import { constantClassifier } from './models/constant.mjs';

const SAYS = {
  first: { red: 0.62, green: 0.3, blue: 0.08 },
  second: { red: 0.1, green: 0.3, blue: 0.6 },
};

async function pool(kind, weight) {
  const members = Object.entries(SAYS).map(([name, probabilities]) => ({
    model: constantClassifier(name, probabilities),
    weight,
  }));
  const fused = ensemble({ ensemble: kind, members });
  const { probabilities } = await fused.explain({ id: '1', text: 'any text' });
  return probabilities;
}

function show(name, probabilities) {
  const entries = Object.entries(probabilities);
  const best = entries.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
  const numbers = entries.map(([label, p]) => `${label} ${p.toFixed(3)}`);
  console.log(`${name.padEnd(15)} ${numbers.join('  ')}  -> ${best}`);
}

for (const [name, probabilities] of Object.entries(SAYS)) show(name, probabilities);
show('mean', await pool('linear', 0.5));
show('geometric mean', await pool('log_linear', 0.5));
show('product', await pool('log_linear', 1));
