// Every number of docs/results.md, from the trained models of the test data: npm run results

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytes } from './bytes.mjs';
import { assertShared } from './data.mjs';
import { sentiment } from './sentiment.mjs';
import { translation } from './translation.mjs';

const OUT = join(import.meta.dirname, '../../docs/results.md');

const HEAD = `# Results

Ensembles of small trained models on public test sets, each beside its best member, whichever way it
falls. Scores have 95 % bootstrap intervals over items; differences are paired, with the p of approximate
randomisation, and in brackets the same adjusted by Holm for all fusions of the table. The best member is
the one that was best on the data for fitting, not on the test. \`npm run results\` makes this page.`;

assertShared();
const parts = [HEAD];
for (const part of [sentiment, translation, bytes]) parts.push(await part());
writeFileSync(OUT, `${parts.join('\n\n')}\n`);
process.stdout.write(`${OUT}\n`);
