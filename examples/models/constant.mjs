// Models that say the same of every text. They stand for real ones, which openModel opens by name;
// an object with these properties is a member like any other.

/** A classifier: the probability of each label, whatever the text. */
export function constantClassifier(name, probabilities) {
  const row = Float64Array.from(Object.values(probabilities), Math.log);
  return {
    name,
    classify: {
      labels: Object.keys(probabilities),
      logProbabilities: async (items) => items.map(() => row),
    },
    close: async () => {},
  };
}

/** A writer: one text, whatever the input. */
export function constantWriter(name, text) {
  return {
    name,
    write: { texts: async (items) => items.map(() => ({ text })) },
    close: async () => {},
  };
}
