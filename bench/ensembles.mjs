// What fusing costs beside the members' own forward passes: two members of about 100 M random weights,
// a vocabulary of 32,000, each on a thread of its own. The floor asks the same members for the same
// things at the same time and throws the answers away. And microseconds a step of small models.
//
//   node bench/ensembles.mjs [--small models/a,models/b] [--pairs 5]
import { existsSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensemble } from '../dist/ensemble/ensemble.js';
import { openCheckpointModel } from '../dist/model/checkpointModel.js';
import { generate } from '../dist/model/generate/generate.js';
import { provideModelSet, SCRATCH } from './modelSet.mjs';

const { values } = parseArgs({
  options: { small: { type: 'string' }, pairs: { type: 'string', default: '5' } },
});
const PAIRS = Number(values.pairs);
const AIM = 0.05;
const NEW_TOKENS = 24;
const PROMPT = Array.from({ length: 16 }, (_, i) => 100 + i);

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

async function seconds(action) {
  const started = performance.now();
  await action();
  return (performance.now() - started) / 1000;
}

/** Each goes first in every other pair, after one run of both that does not count. */
async function overhead(fused, floor) {
  await floor();
  await fused();
  const ratios = [];
  const times = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const measured = new Map();
    for (const action of pair % 2 ? [fused, floor] : [floor, fused]) {
      measured.set(action, await seconds(action));
    }
    ratios.push(measured.get(fused) / measured.get(floor) - 1);
    times.push(measured.get(fused));
  }
  return {
    share: median(ratios),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
    time: median(times),
  };
}

function report(what, { share, low, high, time }, count) {
  const percent = (x) => `${(100 * x).toFixed(1)} %`;
  const verdict = share <= AIM ? 'pass' : 'FAIL';
  console.log(
    `${what}: ${((1000 * time) / count).toFixed(1)} ms each, overhead ${percent(share)} (${percent(low)} to ${percent(high)}; at most ${percent(AIM)}: ${verdict})`,
  );
}

/** The model, with a note of every request that its streams get. */
function recorded(model) {
  const calls = [];
  const start = async (inputs, options) => {
    calls.length = 0;
    const stream = await model.next.start(inputs, options);
    calls.push({ inputs });
    return {
      ...stream,
      advance(parents, tokens, rest) {
        calls.push({ parents, tokens });
        return stream.advance(parents, tokens, rest);
      },
    };
  };
  return { calls, model: { ...model, next: { ...model.next, start } } };
}

/** The members get the very requests of a fusion, side by side, and nothing else happens. */
async function replay(models, [{ inputs }, ...steps]) {
  const streams = await Promise.all(models.map(({ next }) => next.start(inputs)));
  for (const { parents, tokens } of steps) {
    await Promise.all(streams.map((stream) => stream.advance(parents, tokens)));
  }
  for (const stream of streams) stream.close();
}

async function decodingOverhead(kind, models, inputs, options) {
  const { calls, model } = recorded(models[0]);
  const members = [model, ...models.slice(1)].map((each) => ({ model: each }));
  const { next } = ensemble({ ensemble: kind, members });
  const endless = { ...next, endTokens: [], bannedTokens: [] };
  const fused = () => generate(endless, inputs, options);
  await fused();
  const steps = [...calls];
  return { ...(await overhead(fused, () => replay(models, steps))), count: steps.length };
}

async function benchDecoding(models) {
  for (const kind of ['linear', 'log_linear', 'bayes']) {
    for (const beams of [1, 4]) {
      const search = beams === 1 ? { strategy: 'greedy' } : { beams };
      const options = { ...search, maxNewTokens: NEW_TOKENS };
      const result = await decodingOverhead(kind, models, [PROMPT], options);
      const what = beams === 1 ? 'greedy' : `${beams} beams`;
      report(`${kind}, ${what}, a step`, result, result.count);
    }
  }
}

async function benchClassification(models) {
  const words = (i) =>
    Array.from({ length: 32 }, (_, k) => `w${(97 * i + 13 * k) % 31_000}`).join(' ');
  const items = Array.from({ length: 16 }, (_, i) => ({ id: String(i), text: words(i) }));
  for (const kind of ['linear', 'log_linear', 'vote']) {
    const { classify } = ensemble({ ensemble: kind, members: models.map((model) => ({ model })) });
    const result = await overhead(
      () => classify.logProbabilities(items),
      () => Promise.all(models.map((model) => model.classify.logProbabilities(items))),
    );
    report(`${kind}, a text of 32 words`, result, items.length);
  }
}

const BERT = { hidden: 768, layers: 12, intermediate: 3072, vocabulary: 32_000, positions: 512 };

function bertTensors({ hidden, layers, intermediate, vocabulary, positions }) {
  const dense = (name, out, input) => [
    [`${name}.weight`, [out, input]],
    [`${name}.bias`, [out]],
  ];
  const norm = (name) => [
    [`${name}.weight`, [hidden]],
    [`${name}.bias`, [hidden]],
  ];
  const layer = (i) => {
    const at = `bert.encoder.layer.${i}`;
    return [
      ...['query', 'key', 'value'].flatMap((part) =>
        dense(`${at}.attention.self.${part}`, hidden, hidden),
      ),
      ...dense(`${at}.attention.output.dense`, hidden, hidden),
      ...norm(`${at}.attention.output.LayerNorm`),
      ...dense(`${at}.intermediate.dense`, intermediate, hidden),
      ...dense(`${at}.output.dense`, hidden, intermediate),
      ...norm(`${at}.output.LayerNorm`),
    ];
  };
  return [
    ['bert.embeddings.word_embeddings.weight', [vocabulary, hidden]],
    ['bert.embeddings.position_embeddings.weight', [positions, hidden]],
    ['bert.embeddings.token_type_embeddings.weight', [2, hidden]],
    ...norm('bert.embeddings.LayerNorm'),
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    ...dense('bert.pooler.dense', hidden, hidden),
    ...dense('classifier', 3, hidden),
  ];
}

const WORDS = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  post_processor: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
  model: {
    type: 'WordLevel',
    vocab: Object.fromEntries(Array.from({ length: 32_000 }, (_, i) => [`w${i}`, i])),
    unk_token: 'w3',
  },
};

/** Random weights of the bench; an existing folder is used again. */
function provideBert() {
  const folder = join(SCRATCH, 'bert-100M');
  if (existsSync(join(folder, 'tokenizer.json'))) return folder;
  mkdirSync(folder, { recursive: true });
  const tensors = bertTensors(BERT).map(([name, shape]) => {
    return { name, shape, elementCount: shape.reduce((a, b) => a * b) };
  });
  const noise = Float32Array.from({ length: 1 << 20 }, (_, i) => 0.02 * Math.sin(i * i));
  const file = openSync(join(folder, 'model.safetensors'), 'w');
  const header = {};
  let offset = 0;
  for (const { name, shape, elementCount } of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + 4 * elementCount] };
    offset += 4 * elementCount;
  }
  const text = Buffer.from(
    JSON.stringify(header).padEnd(Math.ceil(JSON.stringify(header).length / 8) * 8),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeSync(file, Buffer.concat([length, text]));
  for (let left = offset / 4; left > 0; left -= noise.length) {
    writeSync(file, new Uint8Array(noise.buffer, 0, 4 * Math.min(left, noise.length)));
  }
  const config = {
    architectures: ['BertForSequenceClassification'],
    ...{ model_type: 'bert', hidden_size: BERT.hidden, num_hidden_layers: BERT.layers },
    ...{ num_attention_heads: 12, intermediate_size: BERT.intermediate, hidden_act: 'gelu' },
    ...{ vocab_size: BERT.vocabulary, max_position_embeddings: BERT.positions },
    ...{ type_vocab_size: 2, layer_norm_eps: 1e-12, pad_token_id: 0 },
    id2label: { 0: 'a', 1: 'b', 2: 'c' },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'tokenizer_config.json'), '{}');
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(WORDS));
  return folder;
}

async function withPair(folders, use) {
  const models = [];
  for (const [i, folder] of folders.entries()) {
    models.push({ ...(await openCheckpointModel(folder, `m${i}`, { threads: 1 })), name: `m${i}` });
  }
  await use(models);
  await Promise.all(models.map((model) => model.close()));
}

/** Microseconds of a fused greedy step, and of the same members side by side. */
async function benchSmall(folders) {
  await withPair(folders, async (models) => {
    const inputs = [models[0].next.tokenizer.encode('A man in a red shirt')];
    const options = { strategy: 'greedy', maxNewTokens: 64 };
    const { time, share, count } = await decodingOverhead('linear', models, inputs, options);
    const step = (1e6 * time) / count;
    console.log(
      `small models, a greedy step: ${step.toFixed(0)} µs, of which ${(step - step / (1 + share)).toFixed(0)} µs beyond the members`,
    );
  });
}

const set = await provideModelSet('100M');
const llama = join(set.folder, 'a');
writeFileSync(join(llama, 'tokenizer.json'), JSON.stringify(WORDS));
writeFileSync(join(llama, 'tokenizer_config.json'), '{}');
await withPair([llama, llama], benchDecoding);
const bert = provideBert();
await withPair([bert, bert], benchClassification);
if (values.small) await benchSmall(values.small.split(','));
