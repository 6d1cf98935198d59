/** The tiny checkpoints have no tokenizer: a word per token, `w0` to `w127`. */

import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Texts and ids say the same; what is no such word is `w1`. */
export const TINY_TOKENIZER = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: null,
  decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
  model: {
    type: 'WordPiece',
    unk_token: 'w1',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(Array.from({ length: 128 }, (_, i) => [`w${i}`, i])),
  },
};

/** Byte-level: the printable characters of ASCII, the space, and pairs of them. */
export function byteTokenizer(pairs: readonly string[]): object {
  const letters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
  const tokens = ['<pad>', '<s>', '</s>', 'Ġ', ...letters, ...pairs];
  return {
    version: '1.0',
    added_tokens: [0, 1, 2].map((id) => ({ id, content: tokens[id], special: true })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: pairs.map(([first, second]) => [first, second]),
    },
  };
}

/** A copy of the checkpoint's folder with a tokenizer. */
export function withTokenizer(folder: string, tokenizer: object = TINY_TOKENIZER): string {
  const copy = mkdtempSync(join(tmpdir(), 'lmfuse-model-'));
  cpSync(folder, copy, { recursive: true });
  writeFileSync(join(copy, 'tokenizer.json'), JSON.stringify(tokenizer));
  writeFileSync(join(copy, 'tokenizer_config.json'), JSON.stringify({}));
  return copy;
}
