/**
 * Models that have no reference of their own, as others that have: DistilBERT is BERT whose positions
 * contain the first token type; a dense layer is a mixture of experts that are all the same.
 */

import { describe, expect, it } from 'vitest';
import { feedsOf, openGraph, readReference, worstError } from './family.ts';
import { rewritten, type Tensors, type Values } from './rewritten.ts';

const RENAMED: readonly (readonly [string, string])[] = [
  ['bert.encoder.layer', 'distilbert.transformer.layer'],
  ['bert.embeddings', 'distilbert.embeddings'],
  ['attention.self.query', 'attention.q_lin'],
  ['attention.self.key', 'attention.k_lin'],
  ['attention.self.value', 'attention.v_lin'],
  ['attention.output.dense', 'attention.out_lin'],
  ['attention.output.LayerNorm', 'sa_layer_norm'],
  ['intermediate.dense', 'ffn.lin1'],
  ['output.dense', 'ffn.lin2'],
  ['output.LayerNorm', 'output_layer_norm'],
  ['cls.predictions.transform.dense', 'vocab_transform'],
  ['cls.predictions.transform.LayerNorm', 'vocab_layer_norm'],
  ['cls.predictions.bias', 'vocab_projector.bias'],
];

const rename = (name: string) =>
  RENAMED.reduce((now, [bert, distilbert]) => now.replace(bert, distilbert), name);

function asDistilbert(tensors: Tensors): Tensors {
  const types = tensors.get('bert.embeddings.token_type_embeddings.weight')!;
  const places = tensors.get('bert.embeddings.position_embeddings.weight')!;
  const width = places.shape[1]!;
  const data = places.data.map((value, i) => value + types.data[i % width]!);
  const kept = [...tensors].filter(([name]) => !/token_type|pooler/.test(name));
  return new Map([
    ...kept.map(([name, values]) => [rename(name), values] as const),
    ['distilbert.embeddings.position_embeddings.weight', { ...places, data }],
  ]);
}

describe('DistilBERT', () => {
  const config = (architecture: string) => ({
    architectures: [architecture],
    ...{ dim: 32, n_heads: 4, n_layers: 2, hidden_dim: 48, activation: 'gelu' },
  });
  const cases = readReference('bert-mlm').cases.filter(
    ({ token_type_ids: types }) => !types?.flat().some((type) => type !== 0),
  );

  it('fills gaps as the BERT that it is made of', async () => {
    const name = rewritten('bert-mlm', asDistilbert, config('DistilBertForMaskedLM'));
    const opened = await openGraph(name, 'config.json');
    expect(cases.length).toBeGreaterThan(1);
    for (const given of cases) {
      const { logits } = await opened.session.run(feedsOf(opened, given));
      const error = worstError(logits!.data as Float32Array, given.logits, 128);
      expect(error, given.name).toBeLessThan(1);
    }
  });

  it('has its states', async () => {
    const name = rewritten('bert-mlm', asDistilbert, config('DistilBertModel'));
    const opened = await openGraph(name, 'config.json');
    const given = cases.find((one) => one.last_hidden_state)!;
    const { last_hidden_state: states } = await opened.session.run(feedsOf(opened, given));
    const error = worstError(states!.data as Float32Array, given.last_hidden_state!, 0);
    expect(error).toBeLessThan(1);
  });
});

describe('dense layers among those with experts', () => {
  const given = readReference('qwen3_moe').cases[0]!;
  const expertsOf = (layer: number) => new RegExp(`^model.layers.${layer}.mlp.experts.\\d+.`);

  /** All experts of a layer as its first. */
  const alike = (layer: number) => (tensors: Tensors) =>
    new Map(
      [...tensors].map(([name, values]): [string, Values] => {
        const first = name.replace(expertsOf(layer), `model.layers.${layer}.mlp.experts.0.`);
        return [name, tensors.get(first) ?? values];
      }),
    );

  /** The layer's first expert in place of all. */
  const dense = (layer: number) => (tensors: Tensors) => {
    const first = `model.layers.${layer}.mlp.experts.0.`;
    const kept = [...tensors].flatMap(([name, values]): [string, Values][] => {
      if (name.startsWith(first)) return [[name.replace('experts.0.', ''), values]];
      const isExpert = expertsOf(layer).test(name) || name.endsWith(`.${layer}.mlp.gate.weight`);
      return isExpert ? [] : [[name, values]];
    });
    return new Map(kept);
  };

  async function logitsOf(name: string) {
    const opened = await openGraph(name, 'config.json');
    return (await opened.session.run(feedsOf(opened, given))).logits!.data as Float32Array;
  }

  it.each([
    [1, { mlp_only_layers: [1] }],
    [0, { mlp_only_layers: [0] }],
    [0, { decoder_sparse_step: 2 }],
  ])('layer %i, by %j', async (layer, config) => {
    const wanted = await logitsOf(rewritten('qwen3_moe', alike(layer), {}));
    const changes = { intermediate_size: 24, ...config };
    const found = await logitsOf(rewritten('qwen3_moe', dense(layer), changes));
    expect(worstError(found, [...wanted], 1)).toBeLessThan(1);
  });
});
