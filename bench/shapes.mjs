// Tensors of Llama-shaped models of several sizes. Says what is in a model, writes nothing.

/**
 * @typedef {object} Shape
 * @property {number} hidden
 * @property {number} layers
 * @property {number} intermediate
 * @property {number} heads
 * @property {number} keyValueHeads
 * @property {number} vocabulary
 *
 * @typedef {object} TensorShape
 * @property {string} name
 * @property {number[]} shape
 * @property {number} elementCount
 */

/** @type {(h: number, l: number, i: number, heads: number, kv: number) => Shape} */
const shape = (hidden, layers, intermediate, heads, keyValueHeads) => ({
  hidden,
  layers,
  intermediate,
  heads,
  keyValueHeads,
  vocabulary: 32000,
});

/** @type {Readonly<Record<string, Shape>>} */
export const SIZES = {
  '20M': shape(256, 8, 704, 8, 2),
  '100M': shape(768, 10, 2048, 12, 4),
  '200M': shape(1024, 12, 2816, 16, 4),
  '300M': shape(1024, 20, 2816, 16, 4),
  '1.1B': shape(2048, 22, 5632, 32, 4),
  '4B': shape(3072, 32, 10240, 24, 8),
  '70B': shape(8192, 80, 28672, 64, 8),
};

/** @type {(size: string) => Shape} */
export function shapeOf(size) {
  const found = SIZES[size];
  if (found) return found;
  throw new Error(`unknown size "${size}"; known: ${Object.keys(SIZES).join(', ')}`);
}

/**
 * In the order of a Hugging Face checkpoint; the head is not tied to the embeddings.
 * @type {(shape: Shape) => TensorShape[]}
 */
export function tensorsOf({ hidden, layers, intermediate, heads, keyValueHeads, vocabulary }) {
  const keyValue = (hidden / heads) * keyValueHeads;
  const layer = [
    ['input_layernorm', [hidden]],
    ['self_attn.q_proj', [hidden, hidden]],
    ['self_attn.k_proj', [keyValue, hidden]],
    ['self_attn.v_proj', [keyValue, hidden]],
    ['self_attn.o_proj', [hidden, hidden]],
    ['post_attention_layernorm', [hidden]],
    ['mlp.gate_proj', [intermediate, hidden]],
    ['mlp.up_proj', [intermediate, hidden]],
    ['mlp.down_proj', [hidden, intermediate]],
  ];
  const all = [['model.embed_tokens', [vocabulary, hidden]]];
  for (let i = 0; i < layers; i++) {
    for (const [name, dimensions] of layer) all.push([`model.layers.${i}.${name}`, dimensions]);
  }
  all.push(['model.norm', [hidden]], ['lm_head', [vocabulary, hidden]]);
  return all.map(([name, dimensions]) => ({
    name: `${name}.weight`,
    shape: dimensions,
    elementCount: dimensions.reduce((product, n) => product * n, 1),
  }));
}

/** @type {(shape: Shape) => object} */
export function configOf(shape) {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: shape.hidden,
    intermediate_size: shape.intermediate,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.keyValueHeads,
    vocab_size: shape.vocabulary,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    hidden_act: 'silu',
    tie_word_embeddings: false,
    torch_dtype: 'bfloat16',
  };
}

/**
 * A tokenizer of as many tokens as the embeddings have rows.
 * @type {(shape: Shape) => object}
 */
export function tokenizerOf({ vocabulary }) {
  const tokens = Array.from({ length: vocabulary }, (_, id) => [id === 0 ? '<unk>' : `t${id}`, id]);
  return {
    version: '1.0',
    added_tokens: [
      {
        id: 0,
        content: '<unk>',
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab: Object.fromEntries(tokens), unk_token: '<unk>' },
  };
}
