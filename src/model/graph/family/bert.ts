/**
 * BERT (Devlin et al., 2019, arXiv 1810.04805) and RoBERTa (Liu et al., 2019, arXiv 1907.11692), which
 * is BERT with two reserved positions and heads of its own.
 */

import { badInput } from '../../../errors.ts';
import { type Config, labelCount, quotient } from '../config.ts';
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
  refuseOtherKinds(config);
  const width = config.number('hidden_size');
  const count = config.number('num_attention_heads');
  return {
    width,
    inner: config.number('intermediate_size'),
    vocabulary: config.number('vocab_size'),
    positions: config.number('max_position_embeddings', 512),
    layers: config.number('num_hidden_layers'),
    heads: {
      queries: count,
      keys: count,
      size: quotient(config, 'hidden_size', 'num_attention_heads'),
    },
    epsilon: config.number('layer_norm_eps', 1e-12),
    activation: config.string('hidden_act', 'gelu'),
    embeddings: `${root}.embeddings`,
    firstPosition: root === 'roberta' ? config.number('pad_token_id', 1) + 1 : 0,
    tokenTypes: config.number('type_vocab_size', 2),
    blocks: `${root}.encoder.layer`,
    names: NAMES,
  };
}

function refuseOtherKinds(config: Config): void {
  const positions = config.string('position_embedding_type', 'absolute');
  if (positions !== 'absolute') {
    throw badInput(
      `config.json: the position_embedding_type "${positions}" is not supported (these are: absolute)`,
    );
  }
  if (config.flag('is_decoder', false)) {
    throw badInput('config.json: "is_decoder" is true, and BERT is supported only as an encoder');
  }
}

/** Logits by a last linear layer: [batch, labels]. */
export function labelLogits(
  g: GraphBuilder,
  x: Value,
  name: string,
  shape: readonly [labels: number, width: number],
): void {
  g.output('logits', linear(g, x, name, shape), 'float32', ['batch', shape[0]]);
}

/** The head's own table of words where the checkpoint has one, else, if they are tied, the embedding. */
export function wordTable(g: GraphBuilder, config: Config, own: string, root: string): string {
  const isTied = config.flag('tie_word_embeddings', true) && !g.hasWeight(`${own}.weight`);
  return isTied ? `${root}.embeddings.word_embeddings.weight` : `${own}.weight`;
}

/** Logits over words: [batch, length, vocabulary]. */
export function wordLogits(
  g: GraphBuilder,
  x: Value,
  { rows }: Encoded,
  head: {
    readonly table: string;
    readonly bias: string;
    readonly shape: readonly [vocabulary: number, width: number];
  },
): void {
  const [vocabulary] = head.shape;
  const weights = [g.weight(head.table, head.shape), g.weight(head.bias, [vocabulary])];
  const logits = g.apply('Gemm', [x, ...weights], { transB: 1 });
  const apart = reshape(g, logits, [rows.batch, rows.length, -1]);
  g.output('logits', apart, 'float32', ['batch', 'length', vocabulary]);
}

interface PooledHead {
  readonly root: 'bert' | 'roberta';
  readonly pooler: string;
  readonly head: string;
}

/** Labels of the first token's state, behind one more layer. */
function labelPooled(g: GraphBuilder, config: Config, { root, pooler, head }: PooledHead): void {
  const spec = bertSpec(config, root);
  const { first } = buildEncoder(g, spec);
  const pooled = tanh(g, linear(g, first, pooler, [spec.width, spec.width]));
  labelLogits(g, pooled, head, [labelCount(config), spec.width]);
}

interface WordHead {
  readonly root: 'bert' | 'roberta';
  readonly activation: string;
  readonly dense: string;
  readonly norm: string;
  readonly table: string;
  readonly bias: string;
}

function fillGaps(g: GraphBuilder, config: Config, spec: EncoderSpec, head: WordHead): void {
  const { width, vocabulary } = spec;
  const encoded = buildEncoder(g, spec);
  const dense = linear(g, encoded.states, head.dense, [width, width]);
  const inner = layerNorm(g, activation(g, dense, head.activation), head.norm, spec);
  wordLogits(g, inner, encoded, {
    shape: [vocabulary, width],
    table: wordTable(g, config, head.table, head.root),
    bias: head.bias,
  });
}

export const bert: readonly Family[] = [
  {
    architectures: ['BertForSequenceClassification'],
    task: 'sequence_classification',
    prefixes: ['bert.'],
    build(g, config) {
      labelPooled(g, config, { root: 'bert', pooler: 'bert.pooler.dense', head: 'classifier' });
    },
  },
  {
    architectures: ['BertForMaskedLM', 'BertForPreTraining'],
    task: 'masked',
    prefixes: ['bert.'],
    build(g, config) {
      const spec = bertSpec(config, 'bert');
      fillGaps(g, config, spec, {
        root: 'bert',
        activation: spec.activation,
        dense: 'cls.predictions.transform.dense',
        norm: 'cls.predictions.transform.LayerNorm',
        table: 'cls.predictions.decoder',
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
      const head = 'classifier.out_proj';
      labelPooled(g, config, { root: 'roberta', pooler: 'classifier.dense', head });
    },
  },
  {
    architectures: ['RobertaForMaskedLM', 'XLMRobertaForMaskedLM'],
    task: 'masked',
    prefixes: ['roberta.'],
    build(g, config) {
      fillGaps(g, config, bertSpec(config, 'roberta'), {
        root: 'roberta',
        activation: 'gelu',
        dense: 'lm_head.dense',
        norm: 'lm_head.layer_norm',
        table: 'lm_head.decoder',
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
