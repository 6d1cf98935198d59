// Byte-level fusion of two causal models beside plain token decoding of the same members: milliseconds a
// byte of greedy generation and of reading known texts, forward passes a byte, and what pruning costs in
// bits per byte, by width.
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
const NEW_TOKENS = 30;
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

/**
 * Seconds of both, which take turns so that what else the machine does falls on both alike, after one
 * run that does not count; the ratio is the median of the pairs'.
 */
async function alternate(ours, plain) {
  await ours();
  await plain();
  const pairs = [];
  for (let run = 0; run < RUNS; run++) {
    const times = new Map();
    for (const action of run % 2 ? [plain, ours] : [ours, plain]) {
      const started = performance.now();
      await action();
      times.set(action, performance.now() - started);
    }
    pairs.push([times.get(ours), times.get(plain)]);
  }
  return {
    ours: median(pairs.map(([x]) => x)),
    plain: median(pairs.map(([, y]) => y)),
    ratio: (oursPer, plainPer) => median(pairs.map(([x, y]) => x / oursPer / (y / plainPer))),
  };
}

const models = [];
for (const path of values.members.split(',')) models.push(await openCheckpointModel(path, path));
/** Forward passes of all members, and the rows in them. */
const counted = { passes: 0, rows: 0 };
const members = models.map(({ name, next }) =>
  byteMember(name, { ...next, tree: countedTree(next) }),
);

function countedTree(next) {
  return () => {
    const tree = next.tree();
    const grow = (branches, options) => {
      counted.passes++;
      counted.rows += branches.length;
      return tree.grow(branches, options);
    };
    return { ...tree, grow };
  };
}

const lines = readFileSync(values.texts, 'utf8')
  .trim()
  .split('\n')
  .slice(1, TEXTS + 1);
const items = lines.map((line, id) => ({ id: String(id), text: line.split('\t').at(-1) }));
const byteCount = sum(items.map(({ text }) => Buffer.byteLength(text) + 1));

/** Both members write by themselves, on their own threads, about as many bytes. */
async function plainDecoding() {
  const written = await Promise.all(
    models.map(async ({ next }) => {
      const { tokenizer } = next;
      const input = [next.beginning, ...tokenizer.encode(values.prompt, { specialTokens: false })];
      const [{ hypotheses }] = await generate(next, [input], {
        strategy: 'greedy',
        maxNewTokens: NEW_TOKENS,
        bannedTokens: next.endTokens,
      });
      return Buffer.byteLength(tokenizer.decode(hypotheses[0].tokens));
    }),
  );
  return sum(written) / written.length;
}

function fusedDecoding({ next }) {
  return generate(next, [next.tokenizer.encode(values.prompt)], {
    strategy: 'greedy',
    maxNewTokens: NEW_BYTES,
    bannedTokens: next.endTokens,
  });
}

const plainScoring = () => Promise.all(models.map(({ score }) => score.scores(items)));

async function benchWidth(width, plainBytes) {
  const fusion = fuseByBytes(members, half, { width, leastShare });
  const decoding = await alternate(() => fusedDecoding(fusion), plainDecoding);
  const scoring = await alternate(() => fusion.score.scores(items), plainScoring);
  Object.assign(counted, { passes: 0, rows: 0 });
  await fusedDecoding(fusion);
  const passes = counted.passes / members.length / NEW_BYTES;
  const plainPasses = NEW_TOKENS / plainBytes;
  const ratio = decoding.ratio(NEW_BYTES, plainBytes);
  const verdict = width === 4 ? ` (at most ${AIM}: ${ratio <= AIM ? 'pass' : 'FAIL'})` : '';
  const per = (ms, count) => `${(ms / count).toFixed(3)} ms/byte`;
  console.log(
    [
      `width ${width}: decoding ${per(decoding.ours, NEW_BYTES)}, plain ${per(decoding.plain, plainBytes)}, ratio ${ratio.toFixed(2)}${verdict}`,
      `passes/byte ${passes.toFixed(2)}, plain ${plainPasses.toFixed(2)}, ratio ${(passes / plainPasses).toFixed(2)}`,
      `scoring ${per(scoring.ours, byteCount)}, plain ${per(scoring.plain, byteCount)}, ratio ${scoring.ratio(1, 1).toFixed(2)}`,
    ].join('; '),
  );
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
const plainBytes = await plainDecoding();
for (const width of WIDTHS) await benchWidth(width, plainBytes);
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
