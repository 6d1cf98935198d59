/** Tokenizers of merged models: rows follow their tokens, in embeddings and heads. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FloatDtype } from './encode.ts';
import { makeScene, readFolder, type Scene, tensor, valuesOf } from './scene.ts';

interface Form {
  /** Rows beyond the vocabulary. */
  readonly extraRows?: number;
  readonly dtype?: FloatDtype;
}

/** A model whose row for a token is `offset` + the token's letter (a: 1, b: 2, ...). */
function speaker(
  scene: Scene,
  name: string,
  tokens: string,
  offset: number,
  { extraRows = 0, dtype = 'F32' }: Form = {},
): void {
  const rows = [...tokens].map((token) => offset + token.charCodeAt(0) - 96);
  const padded = [...rows, ...Array.from({ length: extraRows }, () => offset)];
  const table = tensor(
    [padded.length, 2],
    padded.flatMap((row) => [row, -row]),
    dtype,
  );
  scene.model(
    name,
    {
      'model.embed_tokens.weight': table,
      'model.norm.weight': tensor([2], [1, 1], dtype),
      'lm_head.weight': table,
      'lm_head.bias': tensor([padded.length], padded, dtype),
    },
    {
      'config.json': { vocab_size: padded.length, tie_word_embeddings: false },
      'tokenizer.json': {
        version: '1.0',
        added_tokens: [],
        model: {
          type: 'BPE',
          merges: [],
          vocab: Object.fromEntries([...tokens].map((token, id) => [token, id])),
        },
      },
    },
  );
}

const mean = (tokenizer: object, base = 'base') => ({
  merge_method: 'linear',
  base_model: base,
  models: ['base', 'other'].map((model) => ({ model, parameters: { weight: 1 } })),
  ...tokenizer,
});

function outcome(scene: Scene) {
  const merged = readFolder(scene.path('out'));
  const { model } = JSON.parse(readFileSync(scene.path('out/tokenizer.json'), 'utf8')) as {
    model: { vocab: Record<string, number> };
  };
  const config = JSON.parse(readFileSync(scene.path('out/config.json'), 'utf8')) as {
    vocab_size: number;
  };
  const rows = valuesOf(merged, 'model.embed_tokens.weight').filter((_, i) => i % 2 === 0);
  return { merged, vocab: model.vocab, rows, vocabSize: config.vocab_size };
}

function speakers(): Scene {
  const scene = makeScene();
  speaker(scene, 'base', 'abc', 0);
  speaker(scene, 'other', 'cbd', 100);
  return scene;
}

describe('tokenizer_source', () => {
  it('union: the base ids, then new tokens; rows follow in embedding, head and bias', async () => {
    const scene = speakers();
    await scene.merge(mean({ tokenizer_source: 'union' }));
    const { merged, vocab, rows, vocabSize } = outcome(scene);
    expect(vocab).toEqual({ a: 0, b: 1, c: 2, d: 3 });
    // a: the other lacks it and takes the base's row; d: the base lacks it and takes the other's.
    expect(rows).toEqual([1, (2 + 102) / 2, (3 + 103) / 2, 104]);
    expect(valuesOf(merged, 'lm_head.weight').filter((_, i) => i % 2 === 0)).toEqual(rows);
    expect(valuesOf(merged, 'lm_head.bias')).toEqual(rows);
    expect(vocabSize).toBe(4);
  });
  it('base: only its tokens', async () => {
    const scene = speakers();
    await scene.merge(mean({ tokenizer_source: 'base' }));
    const { vocab, rows } = outcome(scene);
    expect(vocab).toEqual({ a: 0, b: 1, c: 2 });
    expect(rows).toEqual([1, 52, 53]);
  });
  it('a model: its tokens and ids', async () => {
    const scene = speakers();
    await scene.merge(mean({ tokenizer_source: 'other' }));
    const { vocab, rows } = outcome(scene);
    expect(vocab).toEqual({ c: 0, b: 1, d: 2 });
    expect(rows).toEqual([53, 52, 104]);
  });
  it('permutes a vocabulary of the same tokens under other ids', async () => {
    const scene = makeScene();
    speaker(scene, 'base', 'abc', 0);
    speaker(scene, 'other', 'cab', 100);
    await scene.merge(mean({ tokenizer_source: 'base' }));
    expect(outcome(scene).rows).toEqual([51, 52, 53]);
  });
});

describe('tokenizer', () => {
  it('forces rows, sets them to zero, and takes them from another token', async () => {
    const scene = speakers();
    const tokens = {
      a: { source: { kind: 'model_token', model: 'other', token: 'd' }, force: true },
      b: { source: { kind: 'zero' }, force: true },
      c: { source: 'base', force: true },
      d: { source: { kind: 'zero' } },
    };
    await scene.merge(mean({ tokenizer: { source: 'union', tokens } }));
    expect(outcome(scene).rows).toEqual([104, 0, 3, (0 + 104) / 2]);
  });
  it('pads the rows to a multiple', async () => {
    const scene = speakers();
    await scene.merge(mean({ tokenizer: { source: 'union', pad_to_multiple_of: 8 } }));
    const { rows, vocabSize, vocab } = outcome(scene);
    expect(rows).toEqual([1, 52, 53, 104, 0, 0, 0, 0]);
    expect(vocabSize).toBe(8);
    expect(Object.keys(vocab)).toHaveLength(4);
  });
  it('works with task vectors, which new tokens have not', async () => {
    const scene = speakers();
    const recipe = {
      merge_method: 'task_arithmetic',
      base_model: 'base',
      models: [{ model: 'other', parameters: { weight: 0.5 } }],
    };
    await scene.merge({ ...recipe, tokenizer_source: 'union' });
    expect(outcome(scene).rows).toEqual([1, 52, 53, 104]);
  });
  it('mixes models of different dtypes', async () => {
    const scene = makeScene();
    speaker(scene, 'base', 'abc', 0, { dtype: 'F16' });
    speaker(scene, 'other', 'cbd', 100, { dtype: 'BF16' });
    await scene.merge(mean({ tokenizer_source: 'union' }));
    const { rows, merged } = outcome(scene);
    expect(rows).toEqual([1, 52, 53, 104]);
    expect(merged.get('lm_head.weight')?.dtype).toBe('F16');
  });
  it('drops the rows that pad a model', async () => {
    const scene = makeScene();
    speaker(scene, 'base', 'abc', 0);
    speaker(scene, 'other', 'cbd', 100, { extraRows: 5 });
    await scene.merge(mean({ tokenizer_source: 'base' }));
    expect(outcome(scene).rows.slice(0, 3)).toEqual([1, 52, 53]);
  });
});
