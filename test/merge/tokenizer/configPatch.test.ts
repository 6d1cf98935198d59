import { describe, expect, it } from 'vitest';
import {
  patchConfigForVocabulary,
  patchGenerationConfigForVocabulary,
} from '../../../src/merge/tokenizer/configPatch.ts';
import { planTokenizer } from '../../../src/merge/tokenizer/planTokenizer.ts';
import { listed, settingOf } from './fixtures.ts';

const base = listed('base', ['<s>', '</s>', '<pad>', 'a'], 8);
const one = listed('one', ['a', 'END', '</s>', 'b', 'c', '<s>']);
const tokenizerConfig = { pad_token: { content: 'END' } };
const models = [base, { ...one, vocabulary: { ...one.vocabulary, tokenizerConfig } }];
const planOf = (source: string) =>
  planTokenizer({ setting: settingOf({ source }), base: 0, models });

describe('patchConfigForVocabulary', () => {
  it('keeps ids where the base gives the vocabulary, and sets the sizes', () => {
    const config = {
      vocab_size: 8,
      decoder_vocab_size: 8,
      bos_token_id: 0,
      text_config: { vocab_size: 7 },
      codec: { vocab_size: 99 },
    };
    const { config: patched, notes } = patchConfigForVocabulary(config, {
      ...planOf('union'),
      rowCount: 16,
    });
    expect(patched).toEqual({
      vocab_size: 16,
      decoder_vocab_size: 16,
      bos_token_id: 0,
      text_config: { vocab_size: 16 },
      codec: { vocab_size: 99 },
    });
    expect(notes).toEqual([]);
  });

  it('follows tokens where another model gives the vocabulary', () => {
    const config = {
      vocab_size: 8,
      bos_token_id: 0,
      eos_token_id: [1, 3, 2],
      pad_token_id: 2,
      mask_token_id: 2,
      unk_token_id: null,
      text_config: { decoder_start_token_id: 1, num_layers: 1, image_token_index: -1 },
      sep_token_id: 7,
    };
    const { config: patched, notes } = patchConfigForVocabulary(config, planOf('one'));
    expect(patched).toEqual({
      vocab_size: 6,
      bos_token_id: 5,
      eos_token_id: [2, 0],
      pad_token_id: 1,
      mask_token_id: null,
      unk_token_id: null,
      text_config: { decoder_start_token_id: 2, num_layers: 1, image_token_index: -1 },
      sep_token_id: null,
    });
    expect(notes).toEqual([
      'eos_token_id: the output vocabulary lacks "<pad>"; it is left unset',
      'mask_token_id: the output vocabulary lacks "<pad>"; it is left unset',
      'sep_token_id: the output vocabulary lacks id 7; it is left unset',
    ]);
  });

  it('adds vocab_size where the config has none, but not to generation_config.json', () => {
    expect(patchConfigForVocabulary({}, planOf('one')).config).toEqual({ vocab_size: 6 });
    const generation = { eos_token_id: 1, suppress_tokens: [0], max_length: 3 };
    expect(patchGenerationConfigForVocabulary(generation, planOf('one')).config).toEqual({
      eos_token_id: 2,
      suppress_tokens: [5],
      max_length: 3,
    });
  });
});
