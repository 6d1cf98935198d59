/**
 * BERT (Devlin et al., 2019, arXiv 1810.04805) and RoBERTa (Liu et al., 2019, arXiv 1907.11692), which
 * is BERT with two reserved positions and heads of its own.
 */

import type { Config } from '../config.ts';
import { buildEncoder, type Encoded, type EncoderSpec } from '../encoder.ts';
import type { GraphBuilder, Value } from '../graph.ts';
import { activation, layerNorm, linear } from '../layers.ts';
import { reshape, tanh } from '../operators.ts';
import type { Family } from './family.ts';

const NAMES = {
  query: 'attention.self.query',
  key: 'attention.self.key',
  value: 'attention.self.value',
  attentionOutput: 'attention.output.dense',
  attentionNorm: 'attention.output.LayerNorm',
  up: 'intermediate.dense',
  down: 'output.dense',
  outputNorm: 'output.LayerNorm',
};

export function bertSpec(config: Config, root: 'bert' | 'roberta'): EncoderSpec {
  const width = config.number('hidden_size');
  const count = config.number('num_attention_heads');
  return {
    width,
    layers: config.number('num_hidden_layers'),
    heads: { queries: count, keys: count, size: width / count },
    epsilon: config.number('layer_norm_eps', 1e-12),
    activation: config.string('hidden_act', 'gelu'),
    embeddings: `${root}.embeddings`,
    firstPosition: root === 'roberta' ? config.number('pad_token_id', 1) + 1 : 0,
    hasTokenTypes: true,
    blocks: `${root}.encoder.layer`,
    names: NAMES,
  };
}

/** Logits by a last linear layer: [batch, labels]. */
export function labelLogits(g: GraphBuilder, x: Value, name: string): void {
  const labels = g.shapeOf(`${name}.weight`)[0]!;
  g.output('logits', linear(g, x, name), 'float32', ['batch', labels]);
}

/** A table of words that is the embedding as well, unless the checkpoint has another. */
export function wordLogits(
  g: GraphBuilder,
  x: Value,
  { rows }: Encoded,
  names: { readonly own: string; readonly tied: string; readonly bias: string },
): void {
  const table = g.hasWeight(names.own) ? names.own : names.tied;
  const bias = g.weight(names.bias);
  const logits = g.apply('Gemm', [x, g.weight(table), bias], { transB: 1 });
  const apart = reshape(g, logits, [rows.batch, rows.length, -1]);
  g.output('logits', apart, 'float32', ['batch', 'length', g.shapeOf(table)[0]!]);
}

export const bert: readonly Family[] = [
  {
    architectures: ['BertForSequenceClassification'],
    task: 'sequence_classification',
    prefixes: ['bert.'],
    build(g, config) {
      const { first } = buildEncoder(g, bertSpec(config, 'bert'));
      labelLogits(g, tanh(g, linear(g, first, 'bert.pooler.dense')), 'classifier');
    },
  },
  {
    architectures: ['BertForMaskedLM', 'BertForPreTraining'],
    task: 'masked',
    prefixes: ['bert.'],
    build(g, config) {
      const spec = bertSpec(config, 'bert');
      const encoded = buildEncoder(g, spec);
      const head = 'cls.predictions.transform';
      const inner = activation(g, linear(g, encoded.states, `${head}.dense`), spec.activation);
      wordLogits(g, layerNorm(g, inner, `${head}.LayerNorm`, spec.epsilon), encoded, {
        own: 'cls.predictions.decoder.weight',
        tied: 'bert.embeddings.word_embeddings.weight',
        bias: 'cls.predictions.bias',
      });
    },
  },
  {
    architectures: ['BertModel'],
    task: 'features',
    prefixes: ['bert.'],
    build: (g, config) => void buildEncoder(g, bertSpec(config, 'bert')),
  },
  {
    architectures: ['RobertaForSequenceClassification', 'XLMRobertaForSequenceClassification'],
    task: 'sequence_classification',
    prefixes: ['roberta.'],
    build(g, config) {
      const { first } = buildEncoder(g, bertSpec(config, 'roberta'));
      labelLogits(g, tanh(g, linear(g, first, 'classifier.dense')), 'classifier.out_proj');
    },
  },
  {
    architectures: ['RobertaForMaskedLM', 'XLMRobertaForMaskedLM'],
    task: 'masked',
    prefixes: ['roberta.'],
    build(g, config) {
      const spec = bertSpec(config, 'roberta');
      const encoded = buildEncoder(g, spec);
      const inner = activation(g, linear(g, encoded.states, 'lm_head.dense'), 'gelu');
      wordLogits(g, layerNorm(g, inner, 'lm_head.layer_norm', spec.epsilon), encoded, {
        own: 'lm_head.decoder.weight',
        tied: 'roberta.embeddings.word_embeddings.weight',
        bias: 'lm_head.bias',
      });
    },
  },
  {
    architectures: ['RobertaModel', 'XLMRobertaModel'],
    task: 'features',
    prefixes: ['roberta.'],
    build: (g, config) => void buildEncoder(g, bertSpec(config, 'roberta')),
  },
];
