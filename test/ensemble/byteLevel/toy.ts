/**
 * Members whose next token is a given function of all tokens before it, and what they say of bytes,
 * summed over every tokenization.
 */

import { type ByteMember, byteMember } from '../../../src/ensemble/byteLevel/byteMember.ts';
import type { FuseRows } from '../../../src/ensemble/byteLevel/byteRows.ts';
import type { TokenModel } from '../../../src/model/languageModel.ts';
import { hashLogits, type ToyModel, toyModel } from '../../model/generate/toyModel.ts';

const BEGIN = 0;
const ENDS = [1, 2];
/** Undefined: special, or an id beyond the tokenizer's. */
const PIECES: readonly (string | readonly number[] | undefined)[] = [
  ...[undefined, undefined, undefined],
  ...['a', 'b', 'ab', 'ba', 'aba', 'bb', 'a', 'é', 'aé'],
  ...[[0xc3], [0xa9], [0xa9, 0x61], [0x62, 0xc3]],
  ...[undefined, undefined],
];

export const toBytes = (text: string) => [...new TextEncoder().encode(text)];

const TOKENS = PIECES.map((piece) =>
  piece === undefined
    ? undefined
    : Uint8Array.from(typeof piece === 'string' ? toBytes(piece) : piece),
);

export const VOCABULARY = TOKENS.length;

export function toyTokens(
  seed: number,
  rest: Partial<TokenModel> = {},
  beginning: readonly number[] = [],
): ToyModel {
  return toyModel(VOCABULARY, hashLogits(VOCABULARY, seed), {
    tokenizer: {
      encode: (text) => toBytes(text).map((byte) => TOKENS.findIndex((t) => t?.[0] === byte)),
      decode: () => '',
      tokenBytes: () => ({
        bytesOf: (id) => TOKENS[id],
        beginning: Uint8Array.from(beginning),
      }),
    },
    beginning: BEGIN,
    endTokens: ENDS,
    ...rest,
  });
}

export const alone: FuseRows = ([row], out) => out.set(row!);

export const toyMember = (seed: number): ByteMember => byteMember(`toy${seed}`, toyTokens(seed));

/** p(token | tokens) with the tokens left out that stand for no bytes. */
function distribution(model: ToyModel, tokens: readonly number[]): number[] {
  const given = model.logProbabilitiesAfter([BEGIN, ...tokens]);
  const row = [...given].map((x, id) => (TOKENS[id] || ENDS.includes(id) ? Math.exp(x) : 0));
  const total = row.reduce((a, b) => a + b, 0);
  return row.map((x) => x / total);
}

/** P(a text begins with these bytes), and P(it is these bytes), over every tokenization. */
export function bruteForce(model: ToyModel, text: readonly number[]) {
  const visit = (tokens: readonly number[], at: number): { begins: number; is: number } => {
    const row = distribution(model, tokens);
    const rest = text.slice(at);
    const isAll = rest.length === 0;
    const sum = { begins: 0, is: isAll ? ENDS.reduce((total, id) => total + row[id]!, 0) : 0 };
    if (isAll && text.length > 0) return sum;
    TOKENS.forEach((bytes, id) => {
      if (!bytes) return;
      const shared = Math.min(bytes.length, rest.length);
      if (!rest.slice(0, shared).every((byte, i) => byte === bytes[i])) return;
      if (bytes.length >= rest.length) sum.begins += row[id]!;
      if (bytes.length > rest.length || isAll) return;
      const further = visit([...tokens, id], at + bytes.length);
      if (bytes.length < rest.length) sum.begins += row[id]! * further.begins;
      sum.is += row[id]! * further.is;
    });
    return sum;
  };
  const found = visit([], 0);
  return text.length === 0 ? { ...found, begins: 1 } : found;
}
