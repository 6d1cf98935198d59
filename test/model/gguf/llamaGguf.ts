/**
 * A Llama checkpoint in float32 as a GGUF file, with llama.cpp's names of tensors and metadata. The
 * vocabulary is given, since the tiny checkpoints have none.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GgufTensor, type GgufValue, serializeGguf } from './serializeGguf.ts';

type Metadata = Readonly<Record<string, GgufValue>>;

interface Config {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_parameters: { readonly rope_theta: number };
  readonly vocab_size: number;
}

const NAMES: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

/** What is written instead, or left out where it is null. */
export type Changes = Readonly<Record<string, GgufValue | null>>;

interface FloatTensor extends GgufTensor {
  readonly data: Float32Array;
}

export function llamaGguf(
  folder: string,
  vocabulary: Metadata,
  changes: Changes = {},
  store: (tensor: FloatTensor) => GgufTensor['data'] = ({ data }) => data,
) {
  const config: Config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  const tensors = readTensors(join(folder, 'model.safetensors')).map((tensor) =>
    asLlamaCpp(tensor, config),
  );
  const entries = Object.entries({ ...metadataOf(config), ...vocabulary, ...changes });
  const metadata = Object.fromEntries(
    entries.flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
  );
  const stored = tensors.map((tensor) => ({ ...tensor, data: store(tensor) }));
  return serializeGguf({ metadata, tensors: stored });
}

function metadataOf(config: Config): Metadata {
  return {
    'general.architecture': { string: 'llama' },
    'general.file_type': { uint32: 0 },
    'llama.context_length': { uint32: config.max_position_embeddings },
    'llama.embedding_length': { uint32: config.hidden_size },
    'llama.block_count': { uint32: config.num_hidden_layers },
    'llama.feed_forward_length': { uint32: config.intermediate_size },
    'llama.attention.head_count': { uint32: config.num_attention_heads },
    'llama.attention.head_count_kv': { uint32: config.num_key_value_heads },
    'llama.attention.layer_norm_rms_epsilon': { float32: config.rms_norm_eps },
    'llama.rope.dimension_count': { uint32: config.head_dim },
    'llama.rope.freq_base': { float32: config.rope_parameters.rope_theta },
    'llama.vocab_size': { uint32: config.vocab_size },
  };
}

function asLlamaCpp({ name, shape, data }: FloatTensor, config: Config): FloatTensor {
  const [, layer, part] = /^(?:model\.layers\.(\d+)\.)?(.+)\.weight$/.exec(name)!;
  const prefix = layer === undefined ? '' : `blk.${layer}.`;
  const heads: Readonly<Record<string, number>> = {
    'self_attn.q_proj': config.num_attention_heads,
    'self_attn.k_proj': config.num_key_value_heads,
  };
  const headCount = heads[part!];
  return {
    name: `${prefix}${NAMES[part!]}.weight`,
    shape,
    data: headCount === undefined ? data : interleaved(data, shape[1]!, config.head_dim),
  };
}

/** Checkpoints rotate a head's first half with its second; llama.cpp rotates neighbours. */
function interleaved(data: Float32Array, columns: number, headSize: number): Float32Array {
  const rows = Array.from({ length: data.length / columns }, (_, r) => {
    const [head, place] = [Math.floor(r / headSize), r % headSize];
    return head * headSize + Math.floor(place / 2) + (place % 2) * (headSize / 2);
  });
  return Float32Array.from(rows.flatMap((r) => [...data.subarray(r * columns, (r + 1) * columns)]));
}

function readTensors(path: string): FloatTensor[] {
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header: Record<string, { shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    bytes.toString('utf8', 8, 8 + length),
  );
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(
      ([
        name,
        {
          shape,
          data_offsets: [start, end],
        },
      ]) => ({
        name,
        shape,
        data: new Float32Array(
          Uint8Array.from(bytes.subarray(8 + length + start, 8 + length + end)).buffer,
        ),
      }),
    );
}
