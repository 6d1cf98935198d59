// The weighted mean of the parameters of three models, which makes one model that costs no more than
// any of them (a "model soup"):
//
//   theta = sum_i w_i theta_i / sum_i w_i

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { merge } from 'lmfuse';

const PARAMETERS = { first: [0.1, 0.2, 0.3], second: [0.2, 0.3, 0.5], third: [0.3, 0.1, 0.6] };

/** A safetensors file: the header's length, the header (JSON), the numbers. */
function writeCheckpoint(folder, values) {
  const numbers = new Uint8Array(Float32Array.from(values).buffer);
  const place = { dtype: 'F32', shape: [values.length], data_offsets: [0, numbers.length] };
  const header = Buffer.from(JSON.stringify({ weight: place }));
  const length = new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer);
  mkdirSync(folder);
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([length, header, numbers]));
}

function readCheckpoint(folder) {
  const bytes = readFileSync(join(folder, 'model.safetensors'));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  return [0, 1, 2].map((i) => bytes.readFloatLE(start + 4 * i));
}

const folder = mkdtempSync(join(tmpdir(), 'lmfuse-example-'));
const names = Object.keys(PARAMETERS);
for (const name of names) writeCheckpoint(join(folder, name), PARAMETERS[name]);

const recipe = join(folder, 'recipe.yml');
writeFileSync(
  recipe,
  `
merge_method: linear
models:
  - { model: first, parameters: { weight: 1 } }
  - { model: second, parameters: { weight: 1 } }
  - { model: third, parameters: { weight: 1 } }
`,
);
await merge({ recipe, out: join(folder, 'merged'), currentFolder: folder });

const line = (name, values) => [name.padEnd(6), ...values.map((x) => x.toFixed(4))].join('  ');
for (const name of names) console.log(line(name, PARAMETERS[name]));
console.log(line('merged', readCheckpoint(join(folder, 'merged'))));
rmSync(folder, { recursive: true });
