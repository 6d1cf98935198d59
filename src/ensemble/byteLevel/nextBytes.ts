/**
 * What a beam says of the next byte:
 *
 *   p(byte | text) = sum over states of  share * mass[child by that byte] / mass of the state
 *   p(end  | text) = sum over states at the root of  share * p(end tokens | context)
 *
 * and what waits goes on with each outcome alike. The exponentials sum to 1.
 */

import { logSumExp } from '../../numeric/logSumExp.ts';
import type { Moved, State } from './beam.ts';
import { END, OUTCOMES } from './outcomes.ts';
import { type ByteTrie, massOf, ROOT } from './trie.ts';

/** [257] log-probabilities; all -infinity if the member holds the text for impossible. */
export function nextBytes(trie: ByteTrie, { states, waiting }: Moved): Float64Array {
  const row = new Float64Array(OUTCOMES);
  const logWaiting = logSumExp(waiting.map(({ logEstimate }) => logEstimate));
  const logTotal = logSumExp([...states.map(({ logWeight }) => logWeight), logWaiting]);
  if (logTotal === Number.NEGATIVE_INFINITY) return row.fill(logTotal);
  row.fill(Math.exp(logWaiting - logTotal) / OUTCOMES);
  for (const state of states) addState(trie, state, Math.exp(state.logWeight - logTotal), row);
  return row.map(Math.log);
}

function addState(trie: ByteTrie, state: State, share: number, row: Float64Array): void {
  const { ofTokens, end } = state.context.masses();
  const scale = share / state.mass;
  if (state.node === ROOT) row[END]! += scale * end;
  for (let i = trie.firstChild[state.node]!; i < trie.firstChild[state.node + 1]!; i++) {
    row[trie.byteOf[i]!]! += scale * massOf(ofTokens, trie.start[i]!, trie.end[i]!);
  }
}

/** log P(the text, and its end) by what is kept. */
export function logKeptEnd({ states }: Moved): number {
  return logSumExp(
    states.flatMap(({ node, context, mass, logWeight }) =>
      node === ROOT ? [logWeight + Math.log(context.masses().end / mass)] : [],
    ),
  );
}
