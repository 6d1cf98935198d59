/** The tokens of a tokenizer.json by their ids, as it spells them: not the text that they stand for. */

import type { JsonObject } from '../checkpoint/checkpoint.ts';

/** An id that no token has is a hole. */
export function tokenList({ model, added_tokens: added }: JsonObject): (string | undefined)[] {
  const tokens: (string | undefined)[] = [];
  const { vocab } = (model ?? {}) as JsonObject;
  if (Array.isArray(vocab)) {
    // Unigram: [token, score], in the order of their ids.
    vocab.forEach((entry, id) => {
      tokens[id] = String((entry as unknown[])[0]);
    });
  } else {
    for (const [token, id] of Object.entries((vocab ?? {}) as JsonObject)) {
      tokens[Number(id)] = token;
    }
  }
  for (const each of Array.isArray(added) ? (added as JsonObject[]) : []) {
    tokens[Number(each.id)] = String(each.content);
  }
  return Array.from(tokens);
}
