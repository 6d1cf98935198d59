/** Text as the bytes of its UTF-8, which are the tokens of models that are fused by bytes. */

import type { Tokenizer } from '../../model/tokenizer.ts';
import { END } from './outcomes.ts';

/** An incomplete character at the end decodes to U+FFFD, which streams hold back. */
export const byteTokenizer: Tokenizer = {
  encode: (text, { pair = '' } = {}) => [...new TextEncoder().encode(text + pair)],
  // A decoder that remembers nothing, and keeps a byte order mark, which is part of the text.
  decode: (ids) =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(
      Uint8Array.from(ids.filter((id) => id < END)),
    ),
};
