/**
 * Tensors that no graph uses. A config that asks for fewer layers or experts than a checkpoint has
 * would run, and be another model: so what is left over must be known to be of no use.
 */

import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import type { Config } from '../graph/config.ts';
import type { FamilyTask } from '../graph/family/family.ts';
import type { Graph } from '../graph/graph.ts';

/** Tables that code once stored, and that graphs compute. */
const COMPUTED = [
  /(^|\.)rotary_emb\.inv_freq$/,
  /(^|\.)h\.\d+\.attn\.(masked_)?bias$/,
  /(^|\.)position_ids$/,
  /(^|\.)(encoder|decoder)\.embed_positions\.weight$/,
];

/** Copies of the table of words, or of a bias, that is tied. */
const TIED = [
  /^lm_head\.weight$/,
  /(^|\.)(shared|encoder\.embed_tokens|decoder\.embed_tokens)\.weight$/,
  /^cls\.predictions\.decoder\.(weight|bias)$/,
  /^lm_head\.decoder\.bias$/,
];

/** Trained with the model, and used by none of its texts. */
const UNUSED = [
  /(^|\.)pooler\.dense\.(weight|bias)$/,
  /^cls\.seq_relationship\.(weight|bias)$/,
  // T5's first files have one, though the encoder's text has no distance from the decoder's.
  /^decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight$/,
];

const EXPECTED = [...COMPUTED, ...TIED, ...UNUSED];

/** What a model of features may have of the tasks it was taken from. */
const HEADS =
  /^(cls|lm_head|classifier|pre_classifier|vocab_transform|vocab_layer_norm|vocab_projector|qa_outputs)\./;

export function refuseLeftovers(
  { path, tensors }: Checkpoint,
  config: Config,
  task: FamilyTask,
  graphs: readonly Graph[],
): void {
  const used = new Set(graphs.flatMap(({ weights }) => weights.map(({ name }) => name)));
  const isExpected = (name: string) =>
    EXPECTED.some((pattern) => pattern.test(name)) || (task === 'features' && HEADS.test(name));
  const left = [...tensors.keys()].filter((name) => !used.has(name) && !isExpected(name));
  const [first] = left;
  if (first === undefined) return;
  const others = left.length === 1 ? '' : `, and ${left.length - 1} more`;
  throw badInput(
    `${path}: config.json describes ${sizesOf(config)}; tensor "${first}" is left over${others}`,
  );
}

const COUNTS = {
  layer: ['num_hidden_layers', 'n_layer', 'n_layers', 'num_layers', 'encoder_layers'],
  'decoder layer': ['num_decoder_layers', 'decoder_layers'],
  expert: ['num_local_experts', 'num_experts'],
};

/** Such as "2 layers and 4 experts". */
function sizesOf({ raw }: Config): string {
  const counts = Object.entries(COUNTS).flatMap(([noun, names]) => {
    const count = names.map((name) => raw[name]).find((value) => typeof value === 'number');
    return count === undefined ? [] : [`${count} ${noun}${count === 1 ? '' : 's'}`];
  });
  return counts.join(' and ') || 'another model';
}
