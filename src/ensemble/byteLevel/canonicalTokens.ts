/** The one tokenization of a text that its tokenizer writes: what is worth reading ahead. */

import type { ByteMember } from './byteMember.ts';

/** As far as the tokens are the text's bytes and the member has room for them. */
export function canonicalTokens(
  { model, prefix, bytes, beginning }: ByteMember,
  text: readonly number[],
): number[] {
  const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(text));
  const whole = [...beginning, ...text];
  const room = (model.maxTokens ?? Number.POSITIVE_INFINITY) - prefix.length;
  const tokens = model.tokenizer.encode(decoded, { specialTokens: false });
  let at = 0;
  const wrong = tokens.findIndex((token, i) => {
    const own = bytes[token];
    const isNext = i < room && own?.every((byte, j) => whole[at + j] === byte) === true;
    at += own?.length ?? 0;
    return !isNext;
  });
  return wrong < 0 ? tokens : tokens.slice(0, wrong);
}
