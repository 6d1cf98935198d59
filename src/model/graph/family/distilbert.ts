/** DistilBERT: BERT with half the layers, no token types and no pooler. Sanh et al., 2019 (arXiv 1910.01108). */

import { type Config, labelCount, quotient } from '../config.ts';
import { buildEncoder, type EncoderSpec } from '../encoder.ts';
import { activation, layerNorm, linear } from '../layers.ts';
import { labelLogits, wordLogits, wordTable } from './bert.ts';
import type { Family } from './family.ts';

const EPSILON = 1e-12;

function distilbertSpec(config: Config): EncoderSpec {
  const width = config.number('dim');
  const count = config.number('n_heads');
  return {
    width,
    inner: config.number('hidden_dim'),
    vocabulary: config.number('vocab_size'),
    positions: config.number('max_position_embeddings', 512),
    layers: config.number('n_layers'),
    heads: { queries: count, keys: count, size: quotient(config, 'dim', 'n_heads') },
    epsilon: EPSILON,
    activation: config.string('activation', 'gelu'),
    embeddings: 'distilbert.embeddings',
    firstPosition: 0,
    blocks: 'distilbert.transformer.layer',
    names: {
      query: 'attention.q_lin',
      key: 'attention.k_lin',
      value: 'attention.v_lin',
      attentionOutput: 'attention.out_lin',
      attentionNorm: 'sa_layer_norm',
      up: 'ffn.lin1',
      down: 'ffn.lin2',
      outputNorm: 'output_layer_norm',
    },
  };
}

const PREFIXES = ['distilbert.'];

export const distilbert: readonly Family[] = [
  {
    architectures: ['DistilBertForSequenceClassification'],
    task: 'sequence_classification',
    prefixes: PREFIXES,
    build(g, config) {
      const spec = distilbertSpec(config);
      const { first } = buildEncoder(g, spec);
      const dense = linear(g, first, 'pre_classifier', [spec.width, spec.width]);
      const shape = [labelCount(config), spec.width] as const;
      labelLogits(g, activation(g, dense, 'relu'), 'classifier', shape);
    },
  },
  {
    architectures: ['DistilBertForMaskedLM'],
    task: 'masked',
    prefixes: PREFIXES,
    build(g, config) {
      const spec = distilbertSpec(config);
      const encoded = buildEncoder(g, spec);
      const { width, vocabulary } = spec;
      const dense = linear(g, encoded.states, 'vocab_transform', [width, width]);
      const inner = activation(g, dense, spec.activation);
      wordLogits(g, layerNorm(g, inner, 'vocab_layer_norm', spec), encoded, {
        shape: [vocabulary, width],
        table: wordTable(g, config, 'vocab_projector', 'distilbert'),
        bias: 'vocab_projector.bias',
      });
    },
  },
  {
    architectures: ['DistilBertModel'],
    task: 'features',
    prefixes: PREFIXES,
    build: (g, config) => void buildEncoder(g, distilbertSpec(config)),
  },
];
