/**
 * Finding a tensor in a checkpoint under the name that another checkpoint uses: exactly; under an
 * old spelling (LayerNorm.gamma for LayerNorm.weight); or with a prefix more or less
 * (`model.layers.0...` and `language_model.model.layers.0...`) where the match is unique.
 */

import type { Checkpoint, TensorEntry } from '../../checkpoint/checkpoint.ts';

export interface TensorFinder {
  readonly find: (name: string) => TensorEntry | undefined;
}

const OLD_SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/\bLayerNorm\.gamma$/, 'LayerNorm.weight'],
  [/\bLayerNorm\.beta$/, 'LayerNorm.bias'],
];

export function canonicalName(name: string): string {
  return OLD_SPELLINGS.reduce((text, [old, now]) => text.replace(old, now), name);
}

export function tensorFinder({ tensors }: Checkpoint): TensorFinder {
  const canonical = new Map<string, TensorEntry>();
  for (const entry of tensors.values()) canonical.set(canonicalName(entry.name), entry);
  let bySuffix: Map<string, TensorEntry | undefined> | undefined;
  return {
    find(name) {
      const wanted = canonicalName(name);
      const exact = tensors.get(name) ?? canonical.get(wanted);
      if (exact) return exact;
      const shorter = suffixesOf(wanted).find((suffix) => canonical.has(suffix));
      if (shorter !== undefined) return canonical.get(shorter);
      bySuffix ??= indexSuffixes(canonical);
      return bySuffix.get(wanted);
    },
  };
}

/** Proper suffixes that start after a dot and still hold one, the longest first. */
function suffixesOf(name: string): string[] {
  const suffixes: string[] = [];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const suffix = name.slice(dot + 1);
    if (suffix.includes('.')) suffixes.push(suffix);
  }
  return suffixes;
}

/** Suffix to the only tensor that ends so; undefined where several do. */
function indexSuffixes(canonical: ReadonlyMap<string, TensorEntry>) {
  const index = new Map<string, TensorEntry | undefined>();
  for (const [name, entry] of canonical) {
    for (const suffix of suffixesOf(name)) index.set(suffix, index.has(suffix) ? undefined : entry);
  }
  return index;
}

const EMBEDDING =
  /(^|\.)(embed_tokens|wte|word_embeddings?|shared|embed_in|tok_embeddings|embeddings?)\.weight$/;
const HEAD = /(^|\.)(lm_head|embed_out)\.weight$/;

/** The input embedding: the first tensor whose name says so. */
export function inputEmbedding(checkpoint: Checkpoint): TensorEntry | undefined {
  for (const entry of checkpoint.tensors.values()) {
    if (EMBEDDING.test(entry.name)) return entry;
  }
  return undefined;
}

export function isHead(name: string): boolean {
  return HEAD.test(name);
}

export function outputHead(checkpoint: Checkpoint): TensorEntry | undefined {
  for (const entry of checkpoint.tensors.values()) if (isHead(entry.name)) return entry;
  return undefined;
}

const VOCABULARY_WORDS =
  /(^|\.)(embed_tokens|wte|word_embeddings?|shared|embed_in|tok_embeddings|embeddings?|lm_head(\.decoder)?|embed_out|predictions(\.decoder)?|vocab_projector|generator_lm_head|final_logits_bias|output_projection|output_layer)(\.(weight|bias))?$|^output\.weight$/;

/** Whether a tensor's rows are the vocabulary's tokens, `rows` being the embedding's. */
export function isByVocabulary(entry: TensorEntry, rows: number | undefined): boolean {
  if (rows === undefined || !VOCABULARY_WORDS.test(entry.name)) return false;
  if (/final_logits_bias$/.test(entry.name)) return entry.shape.at(-1) === rows;
  return entry.shape[0] === rows;
}

/** Tables and masks that some versions save and that training does not change. */
const BUFFERS = [
  /(^|\.)position_ids$/,
  /(^|\.)token_type_ids$/,
  /(^|\.)attn\.(masked_)?bias$/,
  /rotary_emb\.inv_freq$/,
];

export function isBuffer(name: string): boolean {
  return BUFFERS.some((pattern) => pattern.test(name));
}

/** Whether a tensor outside the layers stands before them (embeddings) rather than after. */
export function isBeforeLayers(name: string): boolean {
  return /embed|wte|wpe|shared\.weight$|position|token_type/.test(name) && !isHead(name);
}
