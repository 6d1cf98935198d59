/**
 * The bytes that each token of a tokenizer.json stands for: what decoding joins. Not how text is split.
 *
 * Two spellings are exact. Byte-level BPE (Radford et al., GPT-2, 2019) writes a byte as a printable
 * character: itself where it is one, else the next from U+0100 on. SentencePiece (Kudo and Richardson,
 * 2018, arXiv:1808.06226) writes a space as U+2581 and, with byte fallback, a byte as <0xNN>; the
 * space that it puts before a text is no part of the text. All else is refused: what joins pieces by
 * rules (WordPiece), and what changes a text before it is split, so that other texts are meant.
 */

import type { JsonObject } from '../checkpoint/checkpoint.ts';
import { badInput } from '../errors.ts';
import type { TokenBytes } from './tokenizer.ts';
import { tokenList } from './tokenList.ts';

const SPACE = '▁';
const encoder = new TextEncoder();

/** @throws where the tokens' bytes do not follow from their spelling */
export function tokenBytesOf(tokenizerJson: JsonObject): TokenBytes {
  checkNormalizer(tokenizerJson);
  const steps = partsOf(tokenizerJson.decoder, 'decoders');
  const { bytesOf, beginning } = spellingOf(steps, tokenizerJson);
  const added = addedTokens(tokenizerJson);
  const tokens = tokenList(tokenizerJson).map((token, id) => {
    if (token === undefined) return undefined;
    const own = added.get(id);
    return own === undefined ? bytesOf(token) : own.special ? undefined : encoder.encode(token);
  });
  return { bytesOf: (id) => tokens[id], beginning };
}

interface Spelling {
  readonly bytesOf: (token: string) => Uint8Array;
  readonly beginning: Uint8Array;
}

function spellingOf(steps: readonly JsonObject[], { pre_tokenizer }: JsonObject): Spelling {
  const kinds = steps.map(({ type }) => type);
  if (kinds.length === 1 && kinds[0] === 'ByteLevel') {
    const prefixed = partsOf(pre_tokenizer, 'pretokenizers').some(
      (part) => part.type === 'ByteLevel' && part.add_prefix_space === true,
    );
    if (!prefixed) return { bytesOf: byteLevelBytes, beginning: new Uint8Array() };
    throw badInput('the tokenizer puts a space before a text that decoding does not take away');
  }
  if (kinds.length === 1 && kinds[0] === 'Metaspace') {
    const { replacement = SPACE, prepend_scheme: scheme, add_prefix_space: older } = steps[0]!;
    const isPrefixed = scheme === undefined ? older !== false : scheme !== 'never';
    return pieces(String(replacement), false, isPrefixed);
  }
  if (isSentencePiece(steps)) {
    return pieces(SPACE, kinds.includes('ByteFallback'), kinds.includes('Strip'));
  }
  const named = kinds.length === 0 ? 'no decoder' : `the decoder ${kinds.join(', ')}`;
  throw badInput(
    `the tokenizer has ${named}, and the bytes of tokens are known of ByteLevel and SentencePiece alone`,
  );
}

const isReplace = ({ type, pattern, content }: JsonObject): boolean =>
  type === 'Replace' && (pattern as JsonObject)?.String === SPACE && content === ' ';

/** Replace, ByteFallback, Fuse, and Strip of one space at the start, in this order. */
function isSentencePiece(steps: readonly JsonObject[]): boolean {
  const allowed = [
    isReplace,
    ({ type }: JsonObject) => type === 'ByteFallback',
    ({ type }: JsonObject) => type === 'Fuse',
    ({ type, content, start, stop }: JsonObject) =>
      type === 'Strip' && content === ' ' && start === 1 && stop === 0,
  ];
  const places = steps.map((step) => allowed.findIndex((isAllowed) => isAllowed(step)));
  const isOrdered = places.every((place, i) => place > (places[i - 1] ?? -1));
  return isOrdered && places[0] === 0;
}

function pieces(space: string, hasBytes: boolean, isPrefixed: boolean): Spelling {
  return {
    bytesOf: (token) => pieceBytes(token, space, hasBytes),
    beginning: encoder.encode(isPrefixed ? ' ' : ''),
  };
}

export function pieceBytes(token: string, space: string, hasBytes: boolean): Uint8Array {
  const [, byte] = (hasBytes && /^<0x([0-9A-Fa-f]{2})>$/.exec(token)) || [];
  if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
  return encoder.encode(token.replaceAll(space, ' '));
}

const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad);

const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => byte);
const HIDDEN = ALL_BYTES.filter((byte) => !isPrintable(byte));

/** By the character that stands for each byte. */
const BYTES: ReadonlyMap<string, number> = new Map(
  ALL_BYTES.map((byte) => [
    String.fromCharCode(isPrintable(byte) ? byte : 256 + HIDDEN.indexOf(byte)),
    byte,
  ]),
);

export function byteLevelBytes(token: string): Uint8Array {
  return Uint8Array.from(token, (character) => {
    const byte = BYTES.get(character);
    if (byte !== undefined) return byte;
    throw badInput(`the token ${JSON.stringify(token)} is not spelled in the alphabet of bytes`);
  });
}

/** What leaves every text that it is given as it is, but for spaces that decoding restores. */
function checkNormalizer({ normalizer }: JsonObject): void {
  const changing = partsOf(normalizer, 'normalizers').find(
    (part) =>
      part.type !== 'NFC' &&
      !(part.type === 'Prepend' && part.prepend === SPACE) &&
      !(part.type === 'Replace' && (part.pattern as JsonObject)?.String === ' '),
  );
  if (changing === undefined) return;
  throw badInput(
    `the tokenizer changes texts before it splits them (${changing.type}), so its tokens are not their bytes`,
  );
}

/** A step, or the steps of a sequence, which lists them under `key`. */
function partsOf(value: unknown, key: string): JsonObject[] {
  if (typeof value !== 'object' || value === null) return [];
  const step = value as JsonObject;
  if (step.type !== 'Sequence') return [step];
  const parts = step[key];
  return Array.isArray(parts) ? parts.flatMap((part) => partsOf(part, key)) : [];
}

function addedTokens({ added_tokens: added }: JsonObject): Map<number, { special: boolean }> {
  const list = Array.isArray(added) ? (added as JsonObject[]) : [];
  return new Map(list.map(({ id, special }) => [Number(id), { special: special === true }]));
}
