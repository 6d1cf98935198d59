// Byte-level fusion of two causal models beside plain token decoding of the same members: milliseconds a
// byte of greedy generation, of reading a known text, and what pruning costs in bits per byte, by width.
//
//   node bench/byteLevel.mjs --members models/a,models/b --texts texts.tsv [--least-share 0.01]
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { byteMember } from '../dist/ensemble/byteLevel/byteMember.js';
import { bitsPerByte } from '../dist/ensemble/byteLevel/certificate.js';
import { DEFAULT_BEAM, fuseByBytes } from '../dist/ensemble/byteLevel/fuseByBytes.js';
import { openCheckpointModel } from '../dist/model/checkpointModel.js';
import { generate } from '../dist/model/generate/generate.js';

const WIDTHS = [1, 2, 4, 8];
const RUNS = 5;
const TEXTS = 50;
const NEW_BYTES = 120;
const AIM = 3;

const { values } = parseArgs({
  options: {
    members: { type: 'string' },
    texts: { type: 'string' },
    prompt: { type: 'string', default: 'A man in a red' },
    'least-share': { type: 'string', default: String(DEFAULT_BEAM.leastShare) },
  },
});
const leastShare = Number(values['least-share']);

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const sum = (list) => list.reduce((a, b) => a + b, 0);
const half = ([a, b], out) => {
  for (let i = 0; i < out.length; i++) out[i] = Math.log((Math.exp(a[i]) + Math.exp(b[i])) / 2);
};
const alone = ([row], out) => out.set(row);

async function medianSeconds(action) {
  await action();
  const times = [];
  for (let run = 0; run < RUNS; run++) {
    const started = performance.now();
    await action();
    times.push((performance.now() - started) / 1000);
  }
  return median(times);
}

const models = [];
for (const path of values.members.split(',')) models.push(await openCheckpointModel(path, path));
const members = models.map(({ name, next }) => byteMember(name, next));
const lines = readFileSync(values.texts, 'utf8')
  .trim()
  .split('\n')
  .slice(1, TEXTS + 1);
const items = lines.map((line, id) => ({ id: String(id), text: line.split('\t').at(-1) }));
const byteCount = sum(items.map(({ text }) => Buffer.byteLength(text) + 1));

/** Both members write by themselves, on their own threads, until there are as many bytes. */
async function plainDecoding() {
  let bytes = 0;
  const seconds = await medianSeconds(async () => {
    const written = await Promise.all(
      models.map(async ({ next }) => {
        const { tokenizer } = next;
        const input = [
          next.beginning,
          ...tokenizer.encode(values.prompt, { specialTokens: false }),
        ];
        const [{ hypotheses }] = await generate(next, [input], {
          strategy: 'greedy',
          maxNewTokens: Math.round(NEW_BYTES / 4),
          bannedTokens: next.endTokens,
        });
        return Buffer.byteLength(tokenizer.decode(hypotheses[0].tokens));
      }),
    );
    bytes = sum(written) / written.length;
  });
  return (1000 * seconds) / bytes;
}

async function fusedDecoding(width) {
  const { next } = fuseByBytes(members, half, { width, leastShare });
  const seconds = await medianSeconds(() =>
    generate(next, [next.tokenizer.encode(values.prompt)], {
      strategy: 'greedy',
      maxNewTokens: NEW_BYTES,
      bannedTokens: next.endTokens,
    }),
  );
  return (1000 * seconds) / NEW_BYTES;
}

async function plainScoring() {
  const seconds = await medianSeconds(() =>
    Promise.all(models.map(({ score }) => score.scores(items))),
  );
  return (1000 * seconds) / byteCount;
}

async function fusedScoring(width) {
  const { score } = fuseByBytes(members, half, { width, leastShare });
  const seconds = await medianSeconds(() => score.scores(items));
  return (1000 * seconds) / byteCount;
}

/** Bits per byte, the end counted, by all tokens that a tokenizer writes, and by all tokenizations. */
async function canonicalBits({ next }) {
  const rows = items.map(({ text }) => ({
    input: [next.beginning],
    continuation: [...next.tokenizer.encode(text, { specialTokens: false }), next.endTokens[0]],
  }));
  const found = await next.continuationLogProbabilities(rows);
  return -sum(found.flatMap((row) => [...row])) / Math.LN2 / byteCount;
}

async function byteBits(member, settings) {
  const found = await fuseByBytes([member], alone, settings).certify(items, { end: true });
  const bits = -sum(found.flatMap(({ logProbabilities }) => [...logProbabilities]));
  const bounds = found.map(({ members: [own] }) => own);
  const mean = (end) => sum(bounds.map((own) => bitsPerByte(own, byteCount)[end]));
  return {
    bits: bits / Math.LN2 / byteCount,
    least: mean('least'),
    most: mean('most'),
    vacuous: bounds.filter(({ isVacuous }) => isVacuous).length,
    worstStep: Math.max(...bounds.map(({ worstStep }) => worstStep)),
  };
}

console.log(`least share ${leastShare}`);
const [decoding, scoring] = [await plainDecoding(), await plainScoring()];
console.log(
  `plain: decoding ${decoding.toFixed(3)} ms/byte, scoring ${scoring.toFixed(4)} ms/byte`,
);
for (const width of WIDTHS) {
  const [fused, scored] = [await fusedDecoding(width), await fusedScoring(width)];
  const ratio = fused / decoding;
  const verdict = width === 4 ? ` (at most ${AIM}: ${ratio <= AIM ? 'pass' : 'FAIL'})` : '';
  console.log(
    `width ${width}: decoding ${fused.toFixed(3)} ms/byte, ratio ${ratio.toFixed(2)}${verdict}; scoring ${scored.toFixed(4)} ms/byte, ratio ${(scored / scoring).toFixed(2)}`,
  );
}
for (const [m, member] of members.entries()) {
  console.log(
    `${member.name}: ${(await canonicalBits(models[m])).toFixed(4)} bits/byte by canonical tokens`,
  );
  for (const width of WIDTHS) {
    const { bits, least, most, vacuous, worstStep } = await byteBits(member, { width, leastShare });
    console.log(
      `  width ${width}: ${bits.toFixed(4)} bits/byte, exact between ${least.toFixed(4)} and ${most.toFixed(4)} (vacuous in ${vacuous} of ${items.length} texts), worst step ${worstStep.toFixed(3)}`,
    );
  }
}
for (const model of models) await model.close();
