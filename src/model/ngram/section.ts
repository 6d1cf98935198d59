/**
 * The n-grams of one order, in typed arrays: sorted by their context, which is an n-gram of the order
 * below, and then by their last word, so that what may follow a context is one range.
 */

export interface NgramOrder {
  /** What follows context c has the indices [starts[c], starts[c + 1]). */
  readonly starts: Uint32Array;
  /** Index, in the order below, of each n-gram's context. */
  readonly contexts: Uint32Array;
  /** Last words. */
  readonly words: Uint32Array;
  /** Base 10. */
  readonly logProbabilities: Float64Array;
  /** Base 10; 0 where the file gives none. */
  readonly backoffs: Float64Array;
}

export interface Section {
  /** Returns why the n-gram cannot be taken, or undefined. */
  readonly add: (
    ids: readonly number[],
    logProbability: number,
    backoff: number,
  ) => string | undefined;
  /** After the last `add`: an n-gram that is there twice. */
  readonly duplicate: () => readonly number[] | undefined;
  readonly finish: () => NgramOrder;
}

/** @param below the orders below this one */
export function createSection(order: number, count: number, below: readonly NgramOrder[]): Section {
  const contexts = new Uint32Array(count);
  const words = new Uint32Array(count);
  const logProbabilities = new Float64Array(count);
  const backoffs = new Float64Array(count);
  let filled = 0;
  const sorted = () =>
    Uint32Array.from({ length: count }, (_, i) => i).sort(
      (a, b) => contexts[a]! - contexts[b]! || words[a]! - words[b]!,
    );
  return {
    add(ids, logProbability, backoff) {
      const context = contextOf(below, ids.slice(0, -1));
      if (context === undefined) return `has a context that is not among the ${order - 1}-grams`;
      contexts[filled] = context;
      words[filled] = ids.at(-1)!;
      logProbabilities[filled] = logProbability;
      backoffs[filled] = backoff;
      filled++;
      return undefined;
    },
    duplicate() {
      const places = sorted();
      const at = places.findIndex((place, i) => {
        const next = places[i + 1];
        return (
          next !== undefined && contexts[place] === contexts[next] && words[place] === words[next]
        );
      });
      return at < 0 ? undefined : [words[places[at]!]!];
    },
    finish() {
      const places = sorted();
      const contextCount = order === 1 ? 1 : below[order - 2]!.words.length;
      const ordered = { contexts: contexts.slice(), words: words.slice() };
      places.forEach((place, i) => {
        ordered.contexts[i] = contexts[place]!;
        ordered.words[i] = words[place]!;
      });
      return {
        ...ordered,
        starts: startsOf(ordered.contexts, contextCount),
        logProbabilities: Float64Array.from(places, (place) => logProbabilities[place]!),
        backoffs: Float64Array.from(places, (place) => backoffs[place]!),
      };
    },
  };
}

function startsOf(contexts: Uint32Array, contextCount: number): Uint32Array {
  const starts = new Uint32Array(contextCount + 1);
  for (const context of contexts) starts[context + 1]!++;
  for (let c = 0; c < contextCount; c++) starts[c + 1]! += starts[c]!;
  return starts;
}

/** The index of an n-gram in its order; undefined when it is not listed. That of no words is 0. */
export function contextOf(
  orders: readonly NgramOrder[],
  ids: readonly number[],
): number | undefined {
  let context: number | undefined = 0;
  for (let i = 0; i < ids.length && context !== undefined; i++) {
    context = findNgram(orders[i]!, context, ids[i]!);
  }
  return context;
}

/** By halving: the words after a context are sorted. */
export function findNgram(order: NgramOrder, context: number, word: number): number | undefined {
  let low = order.starts[context]!;
  let high = order.starts[context + 1]!;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (order.words[middle]! < word) low = middle + 1;
    else high = middle;
  }
  return low < order.starts[context + 1]! && order.words[low] === word ? low : undefined;
}
