/** The next token of a GGUF file's model: its requests checked, and one step of a stream at a time. */

import { badInput } from '../../errors.ts';
import { abortable, throwIfAborted } from '../abort.ts';
import type { RequestOptions, TokenModel, TokenStream } from '../languageModel.ts';
import type { GgufEngine } from './llamaContext.ts';
import type { Token } from './llamaCpp.ts';
import { scoreRows } from './scoring.ts';
import { advanceRows, noRows, type Rows, startRows } from './tokenStream.ts';
import type { Vocabulary } from './vocabulary.ts';

/** The caller's signal, or that of the model's end. */
export type SignalOf = (options: RequestOptions | undefined) => AbortSignal;

export function causalModel(
  engine: GgufEngine,
  vocabulary: Vocabulary,
  signalOf: SignalOf,
): TokenModel {
  return {
    kind: 'causal',
    tokenizer: vocabulary,
    vocabularySize: vocabulary.size,
    maxTokens: engine.maxTokens,
    ...(vocabulary.firstToken === undefined ? {} : { beginning: vocabulary.firstToken }),
    endTokens: vocabulary.endTokens,
    bannedTokens: vocabulary.bannedTokens,
    defaults: {},
    start: async (inputs, options) => {
      const rows = inputs.map((input) => checkedInput(engine, vocabulary.tokensOf(input)));
      return startStream(engine, vocabulary, rows, signalOf, options);
    },
    continuationLogProbabilities: async (rows, options) => {
      const scored = rows.map(({ input, continuation }) => {
        checkedInput(engine, input, 'a text is scored after');
        const tokens = vocabulary.tokensOf([...input, ...continuation]);
        return { tokens: checkedInput(engine, tokens), from: input.length };
      });
      return stoppable(signalOf(options), (signal) => scoreRows(engine, scored, signal));
    },
  };
}

/** Starts nothing that is stopped already, and does not wait for what is stopped later. */
export async function stoppable<T>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  return abortable(work(signal), signal);
}

function checkedInput<T extends number>(
  { name, maxTokens }: GgufEngine,
  tokens: readonly T[],
  what = 'a sequence begins with',
): readonly T[] {
  if (tokens.length === 0) throw badInput(`${what} at least one token of input`);
  if (tokens.length <= maxTokens) return tokens;
  throw badInput(`a sequence has ${tokens.length} tokens, and ${name} reads ${maxTokens}`);
}

async function startStream(
  engine: GgufEngine,
  vocabulary: Vocabulary,
  inputs: readonly (readonly Token[])[],
  signalOf: SignalOf,
  options?: RequestOptions,
): Promise<TokenStream> {
  let current: Rows | undefined = await stoppable(signalOf(options), (signal) =>
    startRows(engine, inputs, signal),
  );
  let last: Promise<unknown> = Promise.resolve();
  const known = () => {
    if (!current) throw noRows();
    return current;
  };
  const next = async (
    parents: readonly number[],
    tokens: readonly Token[],
    signal: AbortSignal,
  ) => {
    const before = known();
    checkStep(engine, before, parents, tokens);
    current = undefined;
    current = await advanceRows(engine, before, parents, tokens, signal);
  };
  return {
    logProbabilities: () => known().next,
    rowCount: () => known().rows.length,
    advance: async (parents, tokens, options) => {
      const checked = vocabulary.tokensOf(tokens);
      await stoppable(signalOf(options), (signal) => {
        const mine = last.then(() => next(parents, checked, signal));
        last = mine.catch(() => {});
        return mine;
      });
    },
    close: () => {
      last = last.then(async () => {
        const { room } = current ?? {};
        current = undefined;
        await room?.close();
      });
    },
  };
}

function checkStep(
  { name, maxTokens }: GgufEngine,
  { rows }: Rows,
  parents: readonly number[],
  tokens: readonly number[],
): void {
  if (parents.length !== tokens.length) {
    throw badInput(`${parents.length} rows are continued by ${tokens.length} tokens`);
  }
  for (const parent of parents) {
    const row = rows[parent];
    if (!row) throw badInput(`there are ${rows.length} rows, and row ${parent} is to be continued`);
    if (row.tokens.length < maxTokens) continue;
    throw badInput(
      `a sequence has ${row.tokens.length + 1} tokens, and ${name} reads ${maxTokens}`,
    );
  }
}
