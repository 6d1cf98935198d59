/**
 * The tokenizations of a text of bytes that a member is asked about: a beam of states.
 *
 * The cover of a text b is the set of token sequences whose bytes reach the end of b only with their
 * last token. A state is a token context and the node of the trie that the bytes behind it lead to:
 *
 *   within   the last token is not chosen yet and ends beyond b; its weight is
 *            p(context) * (mass behind the node) / total
 *   at root  a token ended with b; its weight is p(context), which takes a forward pass to go on from
 *
 * so that  P(b) = sum of the weights,  and a byte moves a state to a child of its node (T. Vieira et
 * al., "From language models over tokens to language models over characters", 2024, arXiv:2412.03719;
 * B. Phan et al., "Exact byte-level probabilities from tokenized language models", 2024,
 * arXiv:2410.09303). The target is all tokenizations of a text, not the canonical one alone.
 *
 * A token that ended is `waiting` until it is worth its forward pass. Till then it is taken to go on
 * with each of the 257 outcomes alike, so that no text becomes impossible by what was left out: its
 * estimate shrinks byte by byte, and where the text goes as the others did not expect, it is what
 * remains, and is evaluated then.
 */

import { OUTCOMES } from './outcomes.ts';
import type { TokenContext } from './tokenContext.ts';
import { type ByteTrie, behindStart, childOf, massOf, ROOT } from './trie.ts';

export interface State {
  readonly context: TokenContext;
  readonly node: number;
  /** What may follow: the mass behind the node, or all that the context has at the root. */
  readonly mass: number;
  readonly logWeight: number;
}

export interface Waiting {
  readonly parent: TokenContext;
  readonly token: number;
  /** Of all that begins so, as it was when the token ended. */
  readonly logWeight: number;
  /** Of what also goes on as the text did. */
  readonly logEstimate: number;
  /** Bytes of the text since the token ended. */
  readonly since: readonly number[];
}

export interface Moved {
  readonly states: readonly State[];
  readonly waiting: readonly Waiting[];
}

export const LOG_OUTCOMES = Math.log(OUTCOMES);

export function rootState(context: TokenContext, logWeight: number): State {
  return { context, node: ROOT, mass: context.masses().total, logWeight };
}

/** Where a byte leads to from a state: within longer tokens, and to tokens that end with it. */
export function moveState(trie: ByteTrie, state: State, byte: number): Moved {
  const { context, mass, logWeight } = state;
  const node = childOf(trie, state.node, byte);
  if (node < 0) return { states: [], waiting: [] };
  const start = behindStart(trie, node);
  const behind = massOf(context.masses().ofTokens, start, trie.end[node]!);
  const within = { context, node, mass: behind, logWeight: logWeight + Math.log(behind / mass) };
  const ended = trie.tokens.subarray(trie.start[node]!, start);
  const waiting = Array.from(ended, (token): Waiting => {
    const weight = logWeight + context.row[token]! - Math.log(mass);
    return { parent: context, token, logWeight: weight, logEstimate: weight, since: [] };
  });
  return {
    states: behind > 0 ? [within] : [],
    waiting: waiting.filter((each) => each.logWeight > Number.NEGATIVE_INFINITY),
  };
}

export function moveAll(trie: ByteTrie, { states, waiting }: Moved, byte: number): Moved {
  const moved = states.map((state) => moveState(trie, state, byte));
  return {
    states: moved.flatMap((each) => each.states),
    waiting: [
      ...moved.flatMap((each) => each.waiting),
      ...waiting.map((each) => ({
        ...each,
        logEstimate: each.logEstimate - LOG_OUTCOMES,
        since: [...each.since, byte],
      })),
    ],
  };
}

/** A token that waited, now that its context is known: moved by the bytes since it ended. */
export function evaluate(
  trie: ByteTrie,
  { logWeight, since }: Waiting,
  context: TokenContext,
): Moved {
  const start: Moved = { states: [rootState(context, logWeight)], waiting: [] };
  return since.reduce((moved, byte) => moveAll(trie, moved, byte), start);
}
