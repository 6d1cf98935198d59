/** Which tables the graphs of sequence-to-sequence models read: their own where there are any. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/checkpoint/checkpoint.ts';
import { openCheckpoint } from '../../src/checkpoint/open.ts';
import { weightSourceOf } from '../../src/model/engine/graphWeights.ts';
import { readConfig } from '../../src/model/graph/config.ts';
import { familyOf } from '../../src/model/graph/family/registry.ts';
import { createGraphBuilder, type Graph } from '../../src/model/graph/graph.ts';
import { FAMILIES } from './family.ts';

interface Changes {
  readonly config?: JsonObject;
  /** Tensors that the checkpoint has besides. */
  readonly extra?: readonly string[];
  readonly absent?: readonly string[];
}

async function build(name: string, part: 'encoder' | 'decoder' | 'whole', changes: Changes = {}) {
  const { config: changed = {}, extra = [], absent = [] } = changes;
  const folder = join(FAMILIES, name);
  const config = { ...JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')), ...changed };
  const family = familyOf(config, name);
  const source = weightSourceOf(await openCheckpoint(folder, name), family.prefixes);
  const find = (tensor: string) =>
    extra.includes(tensor) ? tensor : absent.includes(tensor) ? undefined : source.find(tensor);
  const shapeOf = (stored: string) => (extra.includes(stored) ? [128, 32] : source.shapeOf(stored));
  const g = createGraphBuilder({ ...source, find, shapeOf }, () => {});
  family.build(g, readConfig(config, name), part);
  return g.graph;
}

/** Tables of words and positions, and what is added to logits. */
function tablesOf({ weights }: Graph): string[] {
  const names = weights.map(({ name }) => name);
  return names.filter((name) => /embed_|shared|lm_head|final_logits/.test(name)).sort();
}

/** The factor of the logits. */
function logitScale({ nodes }: Graph): unknown {
  return nodes.findLast(({ op }) => op === 'Gemm')!.attributes.alpha;
}

describe('tables', () => {
  it('are shared', async () => {
    expect(tablesOf(await build('marian', 'encoder'))).toEqual(['model.shared.weight']);
    const decoder = ['final_logits_bias', 'model.shared.weight'];
    expect(tablesOf(await build('marian', 'decoder'))).toEqual(decoder);
    expect(tablesOf(await build('t5-relu', 'decoder'))).toEqual(['shared.weight']);
  });

  it('are its own where the checkpoint has them', async () => {
    const extra = [
      'model.encoder.embed_tokens.weight',
      'model.decoder.embed_tokens.weight',
      'model.encoder.embed_positions.weight',
      'model.decoder.embed_positions.weight',
      'lm_head.weight',
    ];
    const absent = ['model.shared.weight', 'final_logits_bias'];
    const changes = { extra, absent };
    expect(tablesOf(await build('marian', 'encoder', changes))).toEqual([extra[2], extra[0]]);
    const decoder = [extra[4], extra[3], extra[1]];
    expect(tablesOf(await build('marian', 'decoder', changes))).toEqual(decoder);
  });

  it('are named when they are missing', async () => {
    const changes = { absent: ['model.shared.weight'] };
    await expect(build('bart', 'decoder', changes)).rejects.toThrow(
      'tensor "model.shared.weight" is missing',
    );
  });
});

describe('T5', () => {
  it('scales logits where the config says so, by either flag', async () => {
    const scaled = { float: 32 ** -0.5 };
    const of = async (config: JsonObject) =>
      logitScale(await build('t5-relu', 'decoder', { config, extra: ['lm_head.weight'] }));
    const older = { scale_decoder_outputs: null };
    expect(await of(older)).toEqual(scaled);
    expect(await of({ ...older, tie_word_embeddings: false })).toEqual({ float: 1 });
    expect(await of({ scale_decoder_outputs: false })).toEqual({ float: 1 });
    expect(await of({ ...older, architectures: ['MT5ForConditionalGeneration'] })).toEqual({
      float: 1,
    });
  });
});

it('is two graphs', async () => {
  await expect(build('bart', 'whole')).rejects.toThrow('two graphs, "encoder" and "decoder"');
});
