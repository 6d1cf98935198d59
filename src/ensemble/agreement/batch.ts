/** Searches of several items side by side: every member takes one step for all of them at once. */

import { throwIfAborted } from '../../model/abort.ts';
import type { ItemSearch } from './itemSearch.ts';
import type { MemberRows, Move, Row } from './memberRows.ts';
import { tokensOf, type WriterInput } from './state.ts';

/** A search and, for each of its states, every member's row. */
interface Live {
  readonly search: ItemSearch;
  readonly inputs: readonly WriterInput[];
  readonly rows: readonly (readonly Row[])[];
}

/** All members take a step at once. */
export async function runSearches(
  members: readonly MemberRows[],
  searches: readonly ItemSearch[],
  inputs: readonly (readonly WriterInput[])[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const first = await Promise.all(
    members.map(({ start }, member) => start(inputs.map((each) => each[member]!.tokens))),
  );
  let live: readonly Live[] = searches.map((search, item) => ({
    search,
    inputs: inputs[item]!,
    rows: [first.map((rows) => rows[item]!)],
  }));
  while (live.length > 0) {
    throwIfAborted(signal);
    const grown = live.flatMap((each) => growthOf(members, each));
    const moves = grown.flatMap(({ moves }) => moves);
    if (moves.length === 0) return;
    const rows = await Promise.all(
      members.map(({ advance }, member) => advance(moves.map((each) => each[member]!))),
    );
    let taken = 0;
    live = grown.map(({ moves, live: { search, inputs } }) => {
      const places = moves.map((_, i) => taken + i);
      taken += moves.length;
      return { search, inputs, rows: places.map((place) => rows.map((each) => each[place]!)) };
    });
  }
}

interface Grown {
  readonly live: Live;
  /** [states of the next step][members] */
  readonly moves: readonly (readonly Move[])[];
}

/** Nothing for a search that has ended. */
function growthOf(members: readonly MemberRows[], live: Live): Grown[] {
  const { search, inputs, rows } = live;
  const before = search.states();
  const growth = search.step((state, member) =>
    members[member]!.logProbabilities(rows[state]![member]!),
  );
  if (growth.length === 0) return [];
  const moves = growth.map(({ parent, tokens }) =>
    tokens.map(
      (token, member): Move => ({
        row: rows[parent]![member]!,
        input: inputs[member]!.tokens,
        tokens: tokensOf(before[parent]![member]!.path),
        token,
      }),
    ),
  );
  return [{ live, moves }];
}
