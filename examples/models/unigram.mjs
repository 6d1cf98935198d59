// A token model by hand: every token has one probability, whatever came before it. It shows all that
// a causal language model must be able to do; a real one answers `start` by running a network.

const END = '</s>';

/** @param probabilities of each token, the end of the text being `</s>` */
export function unigramModel(name, probabilities) {
  const tokens = Object.keys(probabilities);
  const row = Float32Array.from(Object.values(probabilities), Math.log);
  const end = tokens.indexOf(END);
  const bytesOf = (id) => (id === end ? undefined : new TextEncoder().encode(tokens[id]));
  const next = {
    kind: 'causal',
    tokenizer: {
      encode: (text) => tokens.flatMap((token, id) => (token === text ? [id] : [])),
      decode: (ids) => ids.map((id) => (id === end ? '' : tokens[id])).join(''),
      tokenBytes: () => ({ bytesOf, beginning: new Uint8Array() }),
    },
    vocabularySize: tokens.length,
    maxTokens: undefined,
    endTokens: [end],
    bannedTokens: [],
    defaults: {},
    start: async (inputs) => stream(row, inputs.length),
    continuationLogProbabilities: async (rows) =>
      rows.map(({ continuation }) => Float64Array.from(continuation, (token) => row[token])),
  };
  return { name, next, close: async () => {} };
}

/** Sequences under way, of which this model remembers their number alone. */
function stream(row, rowCount) {
  return {
    logProbabilities: () =>
      Float32Array.from({ length: rowCount * row.length }, (_, i) => row[i % row.length]),
    rowCount: () => rowCount,
    advance: async (parents) => {
      rowCount = parents.length;
    },
    close: () => {},
  };
}
