/**
 * The surface of a token sequence: the text that it shows, as far as no later token can change it.
 *
 * It is found by the tokenizer's decoder, token by token, and not by the bytes of tokens, as a
 * SentencePiece or WordPiece decoder drops a text's first space, joins words or removes spaces before
 * signs. What a token adds depends on little: whether it begins the text, and the tokens before it
 * that are still uncertain (part of a character, or a word that may lose its space). This is its
 * context; nearly always it is the same one, `within`, so that additions are decoded once per token.
 *
 * A decoder only shows whole characters, and these are prefixes of each other exactly where their
 * UTF-8 bytes are. A character that is incomplete adds nothing until its last byte has come.
 *
 * A token whose decoding takes back what was certain has no addition and is never written. Whatever
 * the surfaces were, a text counts only once it was decoded as a whole.
 */

import { certainLengthBy } from '../../model/generate/incrementalText.ts';
import type { TokenModel } from '../../model/languageModel.ts';
import type { Tokenizer } from '../../model/tokenizer.ts';

/** What decides what the next token adds. */
interface Context {
  readonly isStart: boolean;
  /** Tokens since the text was last certain to its end. */
  readonly tokens: readonly number[];
  /** Characters that these tokens show and that are certain. */
  readonly given: number;
  /** By token: found when first asked for. */
  readonly additions: Map<number, Addition | undefined>;
}

interface Addition {
  readonly text: string;
  readonly context: Context;
}

export interface Surface {
  readonly text: string;
  readonly context: Context;
}

export interface Surfaces {
  /** Of no tokens. */
  readonly empty: Surface;
  /** What the token adds, which may be nothing; undefined where it takes something back. */
  readonly addition: (surface: Surface, token: number) => string | undefined;
  /** The surface with the token, which must have an addition. */
  readonly extend: (surface: Surface, token: number) => Surface;
  /** The text of all tokens, what is uncertain included. */
  readonly whole: (tokens: readonly number[]) => string;
}

type Begun = Pick<Context, 'isStart' | 'tokens' | 'given'>;

/** A causal model continues a text, so that its first token does not begin one. */
export function createSurfaces({ tokenizer, kind, vocabularySize }: TokenModel): Surfaces {
  const certainLength = certainLengthBy(tokenizer);
  const anchor = anchorOf(tokenizer, vocabularySize);
  const contexts = new Map<string, Context>();
  const contextOf = ({ isStart, tokens, given }: Begun): Context => {
    const key = `${isStart} ${given} ${tokens.join(' ')}`;
    const context = contexts.get(key) ?? { isStart, tokens, given, additions: new Map() };
    contexts.set(key, context);
    return context;
  };
  const within = contextOf({ isStart: false, tokens: [], given: 0 });
  const start = kind === 'causal' ? within : contextOf({ isStart: true, tokens: [], given: 0 });
  const shown = (isStart: boolean, tokens: readonly number[]): string | undefined =>
    isStart ? tokenizer.decode(tokens) : decodeAfter(tokenizer, anchor, tokens);

  const compute = ({ isStart, tokens, given }: Context, token: number): Addition | undefined => {
    const grown = [...tokens, token];
    const text = shown(isStart, grown);
    if (text === undefined) return undefined;
    const certain = certainLength(text);
    if (certain < given) return undefined;
    const isSettled = certain === text.length && !(isStart && certain === 0);
    const context = isSettled ? within : contextOf({ isStart, tokens: grown, given: certain });
    return { text: text.slice(given, certain), context };
  };
  const find = ({ context }: Surface, token: number): Addition | undefined => {
    const { additions } = context;
    if (!additions.has(token)) additions.set(token, compute(context, token));
    return additions.get(token);
  };
  return {
    empty: { text: '', context: start },
    addition: (surface, token) => find(surface, token)?.text,
    extend: (surface, token) => {
      const { text, context } = find(surface, token)!;
      return { text: surface.text + text, context };
    },
    whole: (tokens) => shown(start.isStart, tokens) ?? '',
  };
}

interface Anchor {
  readonly tokens: readonly number[];
  readonly text: string;
}

/** Some word that tokens are decoded after when they do not begin the text. */
function anchorOf(tokenizer: Tokenizer, vocabularySize: number): Anchor {
  const word = tokenizer.encode('a', { specialTokens: false });
  const single = Array.from({ length: Math.min(vocabularySize, MOST_ANCHORS) }, (_, i) => [i]);
  const tokens = [word, ...single].find((each) => /^[^\s\uFFFD]+$/.test(tokenizer.decode(each)));
  return tokens ? { tokens, text: tokenizer.decode(tokens) } : { tokens: [], text: '' };
}

/** A vocabulary whose first tokens show nothing has no need of an anchor. */
const MOST_ANCHORS = 1024;

function decodeAfter(
  tokenizer: Tokenizer,
  anchor: Anchor,
  tokens: readonly number[],
): string | undefined {
  const text = tokenizer.decode([...anchor.tokens, ...tokens]);
  return text.startsWith(anchor.text) ? text.slice(anchor.text.length) : undefined;
}

/** Whether one text begins with the other. */
export function isCompatible(a: string, b: string): boolean {
  return a.length <= b.length ? b.startsWith(a) : a.startsWith(b);
}
