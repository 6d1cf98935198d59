/** The tiny checkpoints have no tokenizer: a word per token, `w0` to `w127`. */

import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const VOCABULARY = 128;

const TOKENIZER = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: null,
  decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
  model: {
    type: 'WordLevel',
    vocab: Object.fromEntries(Array.from({ length: VOCABULARY }, (_, i) => [`w${i}`, i])),
    unk_token: 'w3',
  },
};

/** A copy of the checkpoint's folder with a tokenizer. */
export function withTokenizer(folder: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'lmfuse-model-'));
  cpSync(folder, copy, { recursive: true });
  writeFileSync(join(copy, 'tokenizer.json'), JSON.stringify(TOKENIZER));
  writeFileSync(join(copy, 'tokenizer_config.json'), JSON.stringify({}));
  return copy;
}
