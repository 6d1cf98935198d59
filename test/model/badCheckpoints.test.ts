/** Configs and tensors that do not belong together are refused before anything runs. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Checkpoint, JsonObject } from '../../src/checkpoint/checkpoint.ts';
import { openCheckpoint } from '../../src/checkpoint/open.ts';
import { graphsOf } from '../../src/model/engine/graphs.ts';
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
  return () => graphsOf(checkpoint);
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
      graphsOf(checkpoint).graphs.flatMap(({ weights }) => weights.map(({ name: of }) => of)),
    );
    // Zeros, which the original leaves out as well.
    used.delete('final_logits_bias');
    for (const absent of used) {
      const build = () => graphsOf(changed(checkpoint, { absent }));
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
