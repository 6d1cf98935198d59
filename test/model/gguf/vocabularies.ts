/**
 * Vocabularies to put into GGUF files: one in the manner of SentencePiece for checkpoints that have
 * none, and byte-level BPE from a tokenizer.json.
 */

import type { GgufValue } from './serializeGguf.ts';

type Metadata = Readonly<Record<string, GgufValue>>;

const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;

const SPECIAL = ['<unk>', '<s>', '</s>', '<0x0A>'];
const PRINTABLE = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
const PIECES =
  '▁ a e th in er ▁a ▁th ▁the ou on an ing and ▁and st re en es or it is at al ar'.split(' ');

/** Printable ASCII, the space, a few longer pieces, and Chinese characters for the rest. */
export function spmVocabulary(size: number): Metadata {
  const pieces = [...new Set([...SPECIAL, ...PRINTABLE, ...PIECES])];
  const filler = Array.from({ length: size - pieces.length }, (_, i) =>
    String.fromCharCode(0x4e00 + i),
  );
  const tokens = [...pieces, ...filler];
  return {
    'tokenizer.ggml.model': { string: 'llama' },
    'tokenizer.ggml.tokens': { strings: tokens },
    'tokenizer.ggml.scores': { float32s: tokens.map((token) => token.length) },
    'tokenizer.ggml.token_type': {
      int32s: tokens.map((_, i) => (i === 0 ? UNKNOWN : i < SPECIAL.length ? CONTROL : NORMAL)),
    },
    'tokenizer.ggml.unknown_token_id': { uint32: 0 },
    'tokenizer.ggml.bos_token_id': { uint32: 1 },
    'tokenizer.ggml.eos_token_id': { uint32: 2 },
    'tokenizer.ggml.add_bos_token': { bool: true },
    'tokenizer.ggml.add_eos_token': { bool: false },
  };
}

export interface TokenizerJson {
  readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
  readonly model: {
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (string | readonly [string, string])[];
  };
}

/** Its first added token begins and ends texts. */
export function bpeVocabulary({ added_tokens: added, model }: TokenizerJson): Metadata {
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token;
  for (const { id, content } of added) tokens[id] = content;
  const control = new Set(added.map(({ id }) => id));
  const end = added[0]!.id;
  return {
    'tokenizer.ggml.model': { string: 'gpt2' },
    'tokenizer.ggml.pre': { string: 'gpt-2' },
    'tokenizer.ggml.tokens': { strings: tokens },
    'tokenizer.ggml.token_type': {
      int32s: tokens.map((_, id) => (control.has(id) ? CONTROL : NORMAL)),
    },
    'tokenizer.ggml.merges': {
      strings: model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))),
    },
    'tokenizer.ggml.bos_token_id': { uint32: end },
    'tokenizer.ggml.eos_token_id': { uint32: end },
    'tokenizer.ggml.add_bos_token': { bool: true },
  };
}
