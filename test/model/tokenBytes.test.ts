/** The bytes of tokens, from the spellings of tokenizer.json. */

import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/checkpoint/checkpoint.ts';
import { tokenBytesOf } from '../../src/model/tokenBytes.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false };
const LLAMA_DECODER = {
  type: 'Sequence',
  decoders: [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
    { type: 'Strip', content: ' ', start: 1, stop: 0 },
  ],
};

function tokenizer(tokens: readonly string[], rest: JsonObject): JsonObject {
  return { model: { vocab: Object.fromEntries(tokens.map((token, id) => [token, id])) }, ...rest };
}

describe('byte-level tokens', () => {
  it('are spelled by the printable characters of bytes', () => {
    // As GPT-2 has them: "Ġ" a space, "Ċ" a line feed, "ł" 0xa0, "Ń" 0xad, "Ã©" the two bytes of é.
    const { bytesOf: of, beginning } = tokenBytesOf(
      tokenizer(['Ġthe', 'Ċ', 'Ã©', 'ł', 'Ń', 'Ā', 'ġ', 'ÿ'], { decoder: BYTE_LEVEL }),
    );
    const found = Array.from({ length: 9 }, (_, id) => of(id) && [...of(id)!]);
    const wanted = [[...bytesOf(' the')], [10], [...bytesOf('é')], [0xa0], [0xad], [0], [0x7f]];
    expect(found).toEqual([...wanted, [0xff], undefined]);
    expect(beginning).toEqual(new Uint8Array());
  });

  it('are refused outside that alphabet', () => {
    expect(() => tokenBytesOf(tokenizer(['a b'], { decoder: BYTE_LEVEL }))).toThrow(
      'the token "a b" is not spelled in the alphabet of bytes',
    );
  });

  it('are apart from special tokens; others that were added are their own text', () => {
    const added_tokens = [
      { id: 0, content: '<s>', special: true },
      { id: 2, content: '  é', special: false },
    ];
    const { bytesOf: of } = tokenBytesOf(
      tokenizer(['<s>', 'a'], { decoder: BYTE_LEVEL, added_tokens }),
    );
    expect([of(0), of(1), of(2)]).toEqual([undefined, bytesOf('a'), bytesOf('  é')]);
  });

  it('are refused where encoding adds a space that decoding keeps', () => {
    const pre_tokenizer = { type: 'ByteLevel', add_prefix_space: true };
    expect(() => tokenBytesOf(tokenizer(['a'], { decoder: BYTE_LEVEL, pre_tokenizer }))).toThrow(
      'the tokenizer puts a space before a text that decoding does not take away',
    );
  });
});

describe('SentencePiece tokens', () => {
  const normalizer = {
    type: 'Sequence',
    normalizers: [
      { type: 'Prepend', prepend: '▁' },
      { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    ],
  };

  it('have spaces, fall back to bytes, and begin with a space', () => {
    const { bytesOf: of, beginning } = tokenBytesOf(
      tokenizer(['▁the', '<0x0A>', '<0xfF>', 'é▁'], { decoder: LLAMA_DECODER, normalizer }),
    );
    expect([of(0), of(1), of(2), of(3)]).toEqual([
      ...[bytesOf(' the'), Uint8Array.of(10), Uint8Array.of(255), bytesOf('é ')],
    ]);
    expect(beginning).toEqual(bytesOf(' '));
  });

  it('have no bytes where the decoder has none, and no beginning where it strips nothing', () => {
    const decoder = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'never' };
    const { bytesOf: of, beginning } = tokenBytesOf(tokenizer(['<0x0A>'], { decoder }));
    expect(of(0)).toEqual(bytesOf('<0x0A>'));
    expect(beginning).toEqual(new Uint8Array());
  });
});

describe('what is not exact is refused', () => {
  it.each([
    [{ decoder: { type: 'WordPiece' } }, 'has the decoder WordPiece'],
    [{}, 'has no decoder'],
    [
      { decoder: { type: 'Metaspace' }, normalizer: { type: 'Precompiled' } },
      'changes texts before it splits them (Precompiled)',
    ],
    [
      { decoder: { ...LLAMA_DECODER, decoders: [...LLAMA_DECODER.decoders].reverse() } },
      'has the decoder Strip, Fuse, ByteFallback, Replace',
    ],
  ])('%o', (rest, message) => {
    expect(() => tokenBytesOf(tokenizer(['a'], rest as JsonObject))).toThrow(message);
  });
});
