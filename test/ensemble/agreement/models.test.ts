/** Agreement search over running checkpoints: tiny ones, and translators, which need ../shared. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as runtime from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/checkpoint/open.ts';
import { agreementSearch } from '../../../src/ensemble/agreement/agreementSearch.ts';
import { openCheckpointModel } from '../../../src/model/checkpointModel.ts';
import { openEngine } from '../../../src/model/engine/engine.ts';
import type { Runtime } from '../../../src/model/engine/session.ts';
import { storeOf } from '../../../src/model/engine/weightStore.ts';
import { modelOver } from '../../../src/model/engineModel.ts';
import { generate } from '../../../src/model/generate/generate.ts';
import { generateText } from '../../../src/model/generate/generateText.ts';
import type { LanguageModel, TokenModel, TokenStream } from '../../../src/model/languageModel.ts';
import type { Tokenizer } from '../../../src/model/tokenizer.ts';
import { FAMILIES, worstError } from '../../model/family.ts';

const models: LanguageModel[] = [];
afterAll(async () => {
  for (const model of models) await model.close();
});

/** Four characters a token, none a prefix of another. */
const evenTokens: Tokenizer = {
  encode: (text) => (text.match(/\d{4}/g) ?? []).map(Number),
  decode: (ids) => ids.map((id) => String(id).padStart(4, '0')).join(''),
};

async function openTiny(name: string): Promise<TokenModel> {
  const folder = join(FAMILIES, name);
  const checkpoint = await openCheckpoint(folder, name);
  const { Tensor, InferenceSession } = runtime;
  const engine = await openEngine({ Tensor, InferenceSession } as unknown as Runtime, checkpoint, {
    threads: 1,
    packs: true,
    store: (graphs) => storeOf(checkpoint, graphs),
  });
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  const files = { name, config, generationConfig: {}, tokenizer: evenTokens };
  models.push(modelOver(engine, files));
  return models.at(-1)!.next!;
}

const INPUTS = [
  [5, 9, 7, 11],
  [8, 6],
];

describe.each(['marian', 't5-gated', 'gpt2', 'llama'])('%s', (name) => {
  it('and its copy find its own beams', async () => {
    const model = await openTiny(name);
    const asked = { beams: 3, hypotheses: 3, maxNewTokens: 8 };
    const alone = await generate(model, INPUTS, { ...asked, strategy: 'beam' });
    const members = [model, model].map((each) => ({ model: each, weight: 1 }));
    const items = INPUTS.map((input) => ({ inputs: [input, input] }));
    const together = await agreementSearch(members, items, asked);
    for (const [i, { hypotheses }] of together.entries()) {
      const wanted = alone[i]!.hypotheses;
      for (const member of [0, 1]) {
        const found = hypotheses.map((each) => each.members[member]!);
        expect(found.map(({ tokens }) => tokens)).toEqual(wanted.map(({ tokens }) => tokens));
        found.forEach(({ logProbabilities }, h) => {
          expect(worstError(logProbabilities, wanted[h]!.logProbabilities, 1)).toBeLessThan(1);
        });
      }
    }
  });

  it('has streams whose forks go their own way', async () => {
    const model = await openTiny(name);
    const stream = await model.start(INPUTS);
    await stream.advance([0, 1], [12, 13]);
    const fork = await stream.fork!();
    await fork.advance([1, 0], [14, 15]);
    await stream.advance([0], [16]);
    const replayed = async (steps: readonly (readonly [number[], number[]])[]) => {
      const fresh = await model.start(INPUTS);
      for (const [parents, tokens] of steps) await fresh.advance(parents, tokens);
      return [...fresh.logProbabilities()];
    };
    const first = [
      [0, 1],
      [12, 13],
    ] as const;
    const begun = [first.map((list) => [...list]) as [number[], number[]]];
    const forked = await replayed([
      ...begun,
      [
        [1, 0],
        [14, 15],
      ],
    ]);
    const stayed = await replayed([...begun, [[0], [16]]]);
    expect(worstError(fork.logProbabilities(), forked, 1)).toBeLessThan(1);
    expect(worstError(stream.logProbabilities(), stayed, 1)).toBeLessThan(1);
    expect([fork.rowCount(), stream.rowCount()]).toEqual([2, 1]);
  });
});

const SHARED = join(import.meta.dirname, '../../../../shared');

/** Two members of one vocabulary: the mean of their log-probabilities, not normalised. */
function logLinear(members: readonly [TokenModel, TokenModel]): TokenModel {
  const [first] = members;
  return {
    ...first,
    start: async (inputs) => {
      const streams = await Promise.all(members.map(({ start }) => start(inputs)));
      const [one, two] = streams as [TokenStream, TokenStream];
      return {
        logProbabilities: () => {
          const other = two.logProbabilities();
          return one.logProbabilities().map((value, i) => (value + other[i]!) / 2);
        },
        rowCount: one.rowCount,
        advance: async (parents, tokens) => {
          await Promise.all(streams.map(({ advance }) => advance(parents, tokens)));
        },
        close: () => {
          for (const { close } of streams) close();
        },
      };
    },
  };
}

describe.skipIf(!existsSync(join(SHARED, 'models')))(
  'translators (skipped without ../shared)',
  () => {
    const asked = { beams: 4, maxNewTokens: 59 };
    const sentences = 8;

    async function open(name: string): Promise<TokenModel> {
      models.push(await openCheckpointModel(join(SHARED, 'models', name), name));
      return models.at(-1)!.next!;
    }

    function sources(tokenizer: Tokenizer): number[][] {
      const lines = readFileSync(join(SHARED, 'data/multi30k/test2016.tsv'), 'utf8').split('\n');
      return lines.slice(1, 1 + sentences).map((line) => tokenizer.encode(line.split('\t')[0]!));
    }

    it('marian-de-en-a and itself translate as it does alone, token by token', async () => {
      const model = await open('marian-de-en-a');
      const inputs = sources(model.tokenizer);
      const alone = await generateText(model, inputs, asked);
      const members = [model, model].map((each) => ({ model: each, weight: 1 }));
      const items = inputs.map((input) => ({ inputs: [input, input] }));
      const together = await agreementSearch(members, items, asked);
      together.forEach(({ hypotheses: [found] }, i) => {
        const wanted = alone[i]!.hypotheses[0]!;
        expect(found!.text).toBe(wanted.text);
        for (const { tokens, logProbabilities } of found!.members) {
          expect(tokens).toEqual(wanted.tokens);
          expect(worstError(logProbabilities, wanted.logProbabilities, 1)).toBeLessThan(1);
        }
      });
    }, 60_000);

    it('marian-de-en-a and -b translate as their log-linear pool, whose vocabulary they share', async () => {
      const pair = [await open('marian-de-en-a'), await open('marian-de-en-b')] as const;
      const inputs = sources(pair[0].tokenizer);
      const pooled = await generateText(logLinear(pair), inputs, asked);
      const members = pair.map((model) => ({ model, weight: 1 }));
      const items = inputs.map((input) => ({ inputs: [input, input] }));
      const found = await agreementSearch(members, items, asked);
      const same = found.flatMap(({ hypotheses: [best] }, i) => {
        const wanted = pooled[i]!.hypotheses[0]!;
        return best!.text === wanted.text ? [[best!.score, wanted.score] as const] : [];
      });
      expect(same.length).toBeGreaterThanOrEqual(7);
      for (const [score, wanted] of same) expect(Math.abs(score - wanted)).toBeLessThan(1e-5);
      for (const { hypotheses } of found) {
        const texts = hypotheses[0]!.members.map(({ tokens }, m) =>
          pair[m]!.tokenizer.decode(tokens),
        );
        expect(texts).toEqual([hypotheses[0]!.text, hypotheses[0]!.text]);
      }
    }, 60_000);
  },
);
