/** Trained models of two tokenizers, by bytes and by tokens; needs ../shared. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteMember } from '../../../src/ensemble/byteLevel/byteMember.ts';
import { fuseByBytes } from '../../../src/ensemble/byteLevel/fuseByBytes.ts';
import { openCheckpointModel } from '../../../src/model/checkpointModel.ts';
import { generateText } from '../../../src/model/generate/generateText.ts';
import type { LanguageModel, TokenModel } from '../../../src/model/languageModel.ts';
import { alone } from './toy.ts';

const SHARED = join(import.meta.dirname, '../../../../shared');
const isThere = existsSync(join(SHARED, 'models'));
const NAMES = ['llama-captions', 'gpt2-tiny'];
const NARROW = { width: 16, leastShare: 1e-4 };

const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);

function captions(count: number): string[] {
  const lines = readFileSync(join(SHARED, 'data/multi30k/val.tsv'), 'utf8').trim().split('\n');
  return lines.slice(1, 1 + count).map((line) => line.split('\t')[1]!);
}

describe.skipIf(!isThere)('real models (skipped without ../shared)', () => {
  let models: LanguageModel[] = [];
  beforeAll(async () => {
    models = await Promise.all(
      NAMES.map((name) => openCheckpointModel(join(SHARED, 'models', name), name)),
    );
  });
  afterAll(() => Promise.all(models.map((model) => model.close())));
  const nextOf = (name: string): TokenModel => models[NAMES.indexOf(name)]!.next!;

  it.each(NAMES)('%s has tokens whose bytes are those of its texts', (name) => {
    const { tokenizer } = nextOf(name);
    const { bytesOf } = tokenizer.tokenBytes!();
    for (const text of [...captions(50), 'naïve café — 漢字 🎈\n\tend ']) {
      const tokens = tokenizer.encode(text, { specialTokens: false });
      const bytes = tokens.flatMap((token) => [...bytesOf(token)!]);
      expect(bytes).toEqual([...new TextEncoder().encode(text)]);
    }
    expect(bytesOf(0)).toBeUndefined();
  });

  it.each(NAMES)('%s gives texts at least what their canonical tokens have', async (name) => {
    const next = nextOf(name);
    const texts = captions(6);
    const canonical = await next.continuationLogProbabilities(
      texts.map((text) => ({
        input: [0],
        continuation: [...next.tokenizer.encode(text, { specialTokens: false }), 0],
      })),
    );
    const fusion = fuseByBytes([byteMember(name, next)], alone, NARROW);
    const items = texts.map((text, id) => ({ id: String(id), text }));
    const found = await fusion.certify(items, { end: true });
    const [bytes, tokens] = [
      sum(found.map(({ members }) => members[0]!.least)),
      sum(canonical.map(sum)),
    ];
    expect(bytes).toBeGreaterThan(tokens);
    // Trained models spread little over other tokenizations.
    expect(bytes).toBeLessThan(tokens * 0.95);
  });

  it('read a known text ahead without changing what they say of it', async () => {
    const [text] = captions(1);
    for (const name of NAMES) {
      const { tree, ...next } = nextOf(name);
      const item = { id: '0', text: text!.slice(0, 24) };
      const [ahead, reread] = await Promise.all(
        [{ ...next, ...(tree ? { tree } : {}) }, next].map(async (model) => {
          const [scores] = await fuseByBytes([byteMember(name, model)], alone).certify([item]);
          return scores!.logProbabilities;
        }),
      );
      ahead!.forEach((x, i) => {
        expect(Math.abs(x - reread![i]!)).toBeLessThan(1e-4);
      });
    }
  });

  it('write together', async () => {
    const members = NAMES.map((name) => byteMember(name, nextOf(name)));
    const { next } = fuseByBytes(members, ([a, b], out) => {
      for (const i of out.keys()) out[i] = Math.log((Math.exp(a![i]!) + Math.exp(b![i]!)) / 2);
    });
    const pieces: string[] = [];
    const [greedy] = await generateText(next, ['A man in a red'], {
      strategy: 'greedy',
      maxNewTokens: 60,
      onText: (piece) => pieces.push(piece),
    });
    const { text } = greedy!.hypotheses[0]!;
    expect(text).toMatch(/^ ?[a-z]+( [a-z,-]+)+/);
    expect(pieces.join('')).toBe(text);
  });
});
