/** Configs and tensors that do not belong together are refused before anything runs. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Checkpoint, JsonObject } from '../../src/checkpoint/checkpoint.ts';
import { openCheckpoint } from '../../src/checkpoint/open.ts';
import { buildGraphs } from '../../src/model/engine/checkpointGraphs.ts';
import { FAMILIES } from './family.ts';

const NAMES = readdirSync(FAMILIES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const open = (name: string) => openCheckpoint(join(FAMILIES, name), name);

interface Changes {
  readonly config?: JsonObject;
  readonly absent?: string;
  /** A tensor besides, with the shape of another. */
  readonly extra?: readonly [name: string, like: string];
}

function changed(checkpoint: Checkpoint, { config, absent, extra }: Changes): Checkpoint {
  const tensors = new Map(checkpoint.tensors);
  if (absent) tensors.delete(absent);
  if (extra) tensors.set(extra[0], { ...tensors.get(extra[1])!, name: extra[0] });
  return { ...checkpoint, tensors, config: { ...checkpoint.config, ...config } };
}

const building = async (name: string, changes: Changes) => {
  const checkpoint = changed(await open(name), changes);
  return () => buildGraphs(checkpoint);
};

/** The name without a prefix that files may leave out, and as files now spell it. */
function bareName(stored: string): string {
  const now = stored.replace(/gamma$/, 'weight').replace(/beta$/, 'bias');
  return now.replace(/^(bert|transformer)\./, '');
}

describe.each(NAMES)('%s', (name) => {
  it('needs each of its tensors, and names the one that is missing', async () => {
    const checkpoint = await open(name);
    const used = new Set(
      buildGraphs(checkpoint).parts.flatMap(
        ({
          builder: {
            graph: { weights },
          },
        }) => weights.map(({ name: of }) => of),
      ),
    );
    // Zeros, which the original leaves out as well.
    used.delete('final_logits_bias');
    for (const absent of used) {
      const build = () => buildGraphs(changed(checkpoint, { absent }));
      expect(build, absent).toThrow(`${bareName(absent)}" is missing`);
    }
  });

  it('is refused with a tensor that nothing uses', async () => {
    const like = [...(await open(name)).tensors.keys()][0]!;
    const build = await building(name, { extra: ['model.layers.7.extra.weight', like] });
    expect(build).toThrow('tensor "model.layers.7.extra.weight" is left over');
  });
});

describe('a config that asks for less than there is', () => {
  it.each([
    ['bert', { num_hidden_layers: 1 }, '1 layer; tensor "bert.encoder.layer.1.', 'and 15 more'],
    ['gpt2', { n_layer: 1 }, '1 layer; tensor "transformer.h.1.', 'and 11 more'],
    ['llama', { num_hidden_layers: 1 }, '1 layer; tensor "model.layers.1.', 'and 8 more'],
    ['distilbert', { n_layers: 1 }, '1 layer; tensor "distilbert.transformer.layer.1.', 'more'],
    [
      't5-gated',
      { num_decoder_layers: 1 },
      '2 layers and 1 decoder layer; tensor "decoder.block.1.',
      'more',
    ],
    ['bart', { encoder_layers: 1 }, '1 layer and 2 decoder layers; tensor "model.enc', 'more'],
  ] as const)('names what is left over of %s', async (name, config, wanted, count) => {
    const build = await building(name, { config });
    expect(build).toThrow(`config.json describes ${wanted}`);
    expect(build).toThrow(count);
  });

  it('names experts that are left over by their router', async () => {
    const build = await building('mixtral', { config: { num_local_experts: 3 } });
    expect(build).toThrow('has the shape [4, 32], where its config asks for [3, 32]');
  });
});

describe('a tensor of another shape than the config asks for', () => {
  const shapes = (name: string, has: string, wanted: string) =>
    `tensor "${name}" has the shape [${has}], where its config asks for [${wanted}]`;
  it.each([
    ['llama', { vocab_size: 99 }, shapes('model.embed_tokens.weight', '128, 32', '99, 32')],
    ['llama', { hidden_size: 48 }, shapes('model.embed_tokens.weight', '128, 32', '128, 48')],
    ['llama', { intermediate_size: 40 }, '[48, 32], where its config asks for [40, 32]'],
    ['llama', { num_key_value_heads: 4 }, 'k_proj.weight" has the shape [16, 32], where its'],
    ['qwen3', { head_dim: 8 }, 'q_proj.weight" has the shape [64, 32], where its config'],
    ['phi3', { num_key_value_heads: 4 }, 'qkv_proj.weight" has the shape [64, 32], where its'],
    ['gemma3', { num_attention_heads: 2 }, 'q_proj.weight" has the shape [64, 32], where its'],
    ['mixtral', { intermediate_size: 40 }, 'w1.weight" has the shape [48, 32], where its'],
    ['qwen2_moe', { moe_intermediate_size: 40 }, 'has the shape [24, 32], where its config'],
    ['qwen2_moe', { shared_expert_intermediate_size: 24 }, 'has the shape [40, 32], where its'],
    ['gpt2', { n_positions: 32 }, shapes('transformer.wpe.weight', '64, 32', '32, 32')],
    ['gpt2', { n_inner: 64 }, 'c_fc.weight" has the shape [32, 128], where its config asks for'],
    ['bert', { type_vocab_size: 1 }, 'token_type_embeddings.weight" has the shape [2, 32]'],
    ['bert', { id2label: { 0: 'a', 1: 'b' } }, shapes('classifier.weight', '3, 32', '2, 32')],
    ['bert-mlm', { vocab_size: 100 }, 'has the shape [128, 32], where its config asks for [100'],
    ['roberta', { max_position_embeddings: 64 }, 'has the shape [66, 32], where its config'],
    ['distilbert', { hidden_dim: 48 }, 'lin1.weight" has the shape [64, 32], where its config'],
    ['bart', { encoder_ffn_dim: 32 }, 'fc1.weight" has the shape [48, 32], where its config'],
    ['marian', { vocab_size: 100 }, shapes('model.shared.weight', '128, 32', '100, 32')],
    ['t5-relu', { d_kv: 4 }, 'SelfAttention.q.weight" has the shape [32, 32], where its'],
    ['t5-relu', { relative_attention_num_buckets: 16 }, 'has the shape [8, 4], where its config'],
  ] as const)('is refused with both: %s, %j', async (name, config, message) => {
    expect(await building(name, { config })).toThrow(message);
  });

  it('heads that do not divide are named', async () => {
    const bert = await building('bert', { config: { num_attention_heads: 5 } });
    expect(bert).toThrow('"hidden_size" is 32, which "num_attention_heads", 5, does not divide');
    const llama = await building('llama', { config: { num_key_value_heads: 3 } });
    expect(llama).toThrow('4 heads of queries cannot share 3 heads of keys');
  });
});

describe('what a config asks for and nobody has', () => {
  const scaling = { rope_type: 'ntk', factor: 2 };
  it.each([
    ['llama', { hidden_act: 'mish' }, 'the activation "mish" is not supported (these are: relu,'],
    ['gemma', { hidden_act: 'mish', hidden_activation: null }, 'the activation "mish" is not'],
    ['t5-relu', { feed_forward_proj: 'elu', dense_act_fn: null }, 'the activation "elu" is not'],
    ['llama', { rope_parameters: scaling }, 'rope scaling "ntk" is not supported (these are: d'],
    ['llama', { rope_parameters: null, rope_scaling: scaling }, 'rope scaling "ntk" is not'],
    [
      'gemma3',
      { layer_types: ['sliding_attention', 'linear_attention', 'full_attention'] },
      'the layer type "linear_attention" is not supported (these are: full_attention, sliding_att',
    ],
    ['llama', { layer_types: ['chunked_attention'] }, 'the layer type "chunked_attention" is not'],
    ['llama', { layer_types: ['full_attention'] }, '"layer_types" lists 1 layers of 2'],
    ['bert', { position_embedding_type: 'relative_key' }, '"relative_key" is not supported (thes'],
    ['bert', { is_decoder: true }, 'BERT is supported only as an encoder'],
    ['llama', { architectures: ['MambaForCausalLM'] }, '"MambaForCausalLM" cannot be run (these'],
    ['llama', { architectures: ['MambaForCausalLM'] }, 'can: BartForConditionalGeneration, Bert'],
    ['llama', { architectures: null }, 'the architecture none cannot be run (these can: Bart'],
  ] as const)('is named with what is known: %s, %j', async (name, config, message) => {
    expect(await building(name, { config })).toThrow(message);
  });
});

describe('what may be left over', () => {
  it.each([
    ['llama3-tied', 'lm_head.weight', 'model.embed_tokens.weight'],
    ['llama', 'model.layers.0.self_attn.rotary_emb.inv_freq', 'model.norm.weight'],
    ['gpt2', 'transformer.h.0.attn.masked_bias', 'transformer.ln_f.bias'],
    ['bert-mlm', 'cls.predictions.decoder.bias', 'cls.predictions.bias'],
    ['t5-relu', 'encoder.embed_tokens.weight', 'shared.weight'],
    ['marian', 'model.decoder.embed_tokens.weight', 'model.shared.weight'],
    ['marian', 'lm_head.weight', 'model.shared.weight'],
  ] as const)('of %s: %s', async (name, extra, like) => {
    expect(await building(name, { extra: [extra, like] })).not.toThrow();
  });

  it('of a model of features: the heads of other tasks', async () => {
    const config = { architectures: ['BertModel'] };
    expect(await building('bert-mlm', { config })).not.toThrow();
    expect(await building('bert', { config })).not.toThrow();
  });
});
