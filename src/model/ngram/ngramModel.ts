/**
 * An ARPA file as a language model: it scores texts, and tells what word comes next. Words are what
 * stands between spaces; a text begins after <s> and ends with </s>.
 */

import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { badInput } from '../../errors.ts';
import { explainSystemError } from '../../io/systemError.ts';
import { throwIfAborted } from '../abort.ts';
import type { LanguageModel, TextScorer, TokenModel, TokenStream } from '../languageModel.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { BEGIN, END, type NgramModel, parseArpa, UNKNOWN } from './arpa.ts';
import { fillDistribution, scoreWord } from './backoff.ts';

/** Unpacked bytes of a .gz file; more is taken for a bomb. */
const MAX_BYTES = 2 ** 32 - 1;

export async function openNgramModel(path: string, name: string): Promise<LanguageModel> {
  const model = parseArpa(await readBytes(path, name), name);
  return {
    name,
    next: tokenModel(model),
    score: textScorer(model),
    close: async () => {},
  };
}

async function readBytes(path: string, name: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const isTooLarge = (cause as NodeJS.ErrnoException).code === 'ERR_FS_FILE_TOO_LARGE';
    if (isTooLarge)
      throw badInput(`${name}: has more than 2 GiB, which is more than is read`, cause);
    throw explainSystemError(name, 'cannot be read', cause);
  });
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isPacked) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw badInput(`${name}: not a whole gzip file (${(cause as Error).message})`, cause);
  }
}

/**
 * Words as ids; what is unknown is <unk>, or -1 in a model without it. A text that spells out <s> or
 * </s> means no beginning and no end.
 */
function idsOf({ idOf }: NgramModel, text: string): number[] {
  const unknown = idOf.get(UNKNOWN) ?? idOf.get(UNKNOWN.toUpperCase()) ?? -1;
  const words = text.split(/[ \t\r\n]+/).filter((word) => word !== '');
  const isWord = (word: string) => word !== BEGIN && word !== END;
  return words.map((word) => (isWord(word) ? (idOf.get(word) ?? unknown) : unknown));
}

/** Natural logarithms of the probabilities of words, one after the other. */
function scoreIds(model: NgramModel, history: readonly number[], ids: readonly number[]): number[] {
  const all = [...history, ...ids];
  const before = model.orders.length - 1;
  return ids.map((id, i) => {
    const end = history.length + i;
    return scoreWord(model, all.slice(Math.max(0, end - before), end), id).log10 * Math.LN10;
  });
}

function textScorer(model: NgramModel): TextScorer {
  const [begin, end] = [model.idOf.get(BEGIN)!, model.idOf.get(END)!];
  return {
    async scores(items, { signal } = {}) {
      throwIfAborted(signal);
      return items.map(({ text }) => {
        const scores = scoreIds(model, [begin], [...idsOf(model, text), end]);
        return {
          logProbability: scores.reduce((sum, x) => sum + x, 0),
          tokenCount: scores.length,
        };
      });
    },
  };
}

function tokenizerOf(model: NgramModel): Tokenizer {
  const begin = model.idOf.get(BEGIN)!;
  const special = new Set([begin, model.idOf.get(END)!]);
  return {
    encode(text, { specialTokens = true } = {}) {
      const ids = idsOf(model, text);
      const unknown = ids.indexOf(-1);
      if (unknown >= 0) throw badInput('a word is unknown, and the model has no <unk> for it');
      return specialTokens ? [begin, ...ids] : ids;
    },
    decode: (ids, { specialTokens = false } = {}) =>
      ids
        .filter((id) => specialTokens || !special.has(id))
        .map((id) => model.words[id])
        .join(' '),
    removesSpaces: false,
    vocabulary: () => model.words,
  };
}

function tokenModel(model: NgramModel): TokenModel {
  const begin = model.idOf.get(BEGIN)!;
  return {
    kind: 'causal',
    tokenizer: tokenizerOf(model),
    vocabularySize: model.words.length,
    maxTokens: undefined,
    beginning: begin,
    endTokens: [model.idOf.get(END)!],
    bannedTokens: [begin],
    defaults: {},
    async start(inputs, { signal } = {}) {
      throwIfAborted(signal);
      return wordStream(model, begin, inputs);
    },
    async continuationLogProbabilities(rows, { signal } = {}) {
      throwIfAborted(signal);
      return rows.map(({ input, continuation }) =>
        Float64Array.from(scoreIds(model, input, continuation)),
      );
    },
  };
}

function wordStream(
  model: NgramModel,
  begin: number,
  inputs: readonly (readonly number[])[],
): TokenStream {
  const before = model.orders.length - 1;
  const cut = (row: readonly number[]) => (before === 0 ? [] : row.slice(-before));
  const width = model.words.length;
  let rows = inputs.map(cut);
  let values = new Float32Array(rows.length * width);
  const fill = () => {
    if (values.length !== rows.length * width) values = new Float32Array(rows.length * width);
    rows.forEach((row, r) => {
      fillDistribution(model, row, begin, values.subarray(r * width, (r + 1) * width));
    });
  };
  fill();
  return {
    logProbabilities: () => values,
    rowCount: () => rows.length,
    async advance(parents, tokens, { signal } = {}) {
      throwIfAborted(signal);
      rows = parents.map((parent, i) => cut([...rows[parent]!, tokens[i]!]));
      fill();
    },
    close() {},
  };
}
