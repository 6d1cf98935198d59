/** Log-probabilities of given continuations: each row in one pass, several rows side by side. */

import { FusionError } from '../../errors.ts';
import { evaluate, type GgufEngine, type Logits, openRoom, type Room } from './llamaContext.ts';
import type { LlamaContextSequence, Token } from './llamaCpp.ts';

/** The tokens from `from` on are scored; from >= 1. */
export interface ScoredRow {
  readonly tokens: readonly Token[];
  readonly from: number;
}

/** So many tokens keep a processor busy. */
const TOKENS_AT_ONCE = 512;

export async function scoreRows(
  engine: GgufEngine,
  rows: readonly ScoredRow[],
  signal: AbortSignal,
): Promise<Float64Array[]> {
  const longest = Math.max(...rows.map(({ tokens }) => tokens.length));
  if (rows.every(({ tokens, from }) => tokens.length === from)) {
    return rows.map(() => new Float64Array(0));
  }
  const together = Math.min(rows.length, Math.max(1, Math.floor(TOKENS_AT_ONCE / longest)));
  const room = await openRoom(engine, together, longest);
  try {
    const scores: Float64Array[] = [];
    for (let start = 0; start < rows.length; start += together) {
      const batch = rows.slice(start, start + together);
      scores.push(...(await scoreBatch(room, batch, signal)));
    }
    return scores;
  } finally {
    await room.close();
  }
}

function scoreBatch(room: Room, rows: readonly ScoredRow[], signal: AbortSignal) {
  return Promise.all(rows.map((row, r) => scoreRow(room, room.sequences[r]!, row, signal)));
}

async function scoreRow(
  room: Room,
  sequence: LlamaContextSequence,
  { tokens, from }: ScoredRow,
  signal: AbortSignal,
): Promise<Float64Array> {
  await sequence.clearHistory();
  const input = tokens
    .slice(0, -1)
    .map((token, i) => (i + 1 < from ? token : askProbability(token, tokens[i + 1]!)));
  const output = await evaluate(room, sequence, input, signal);
  return Float64Array.from(tokens.slice(from), (token, i) => {
    const next = output[from - 1 + i]?.next;
    return logProbability(token, next?.logits, next?.totalLogitWeight);
  });
}

/** Of the logits, its own and the highest, which is the selected one's, since the choice is greedy. */
function askProbability(token: Token, next: Token): [Token, { generateNext: object }] {
  const filter = { tokens: [next], includeSelected: true };
  return [token, { generateNext: { logits: { filter }, totalLogitWeight: true } }];
}

/** `weight` is the sum of exp(logit - highest) over the vocabulary. */
function logProbability(token: Token, logits?: Logits, weight?: number): number {
  const own = logits?.get(token);
  if (!logits || own === undefined || weight === undefined) {
    throw new FusionError('internal', 'llama.cpp gave no logits');
  }
  return own - Math.max(...logits.values()) - Math.log(weight);
}
