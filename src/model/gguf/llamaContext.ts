/**
 * A context of llama.cpp: memory for sequences of tokens, and the evaluation of more of them. What the
 * sequences are for is said elsewhere (tokenStream.ts, scoring.ts).
 */

import { badInput, FusionError } from '../../errors.ts';
import { throwIfAborted } from '../abort.ts';
import type { LlamaContext, LlamaContextSequence, LlamaModel, Token } from './llamaCpp.ts';

/** What contexts are opened for. */
export interface GgufEngine {
  readonly name: string;
  readonly model: LlamaModel;
  readonly threads: number;
  readonly vocabularySize: number;
  readonly maxTokens: number;
}

export interface Room {
  readonly sequences: readonly LlamaContextSequence[];
  /** Tokens of each sequence. */
  readonly capacity: number;
  readonly batchSize: number;
  readonly close: () => Promise<void>;
}

/** Logits of a token's successor, the largest first. */
export type Logits = ReadonlyMap<number, number>;

type Input = Parameters<LlamaContextSequence['controlledEvaluate']>[0];
type Output = Awaited<ReturnType<LlamaContextSequence['controlledEvaluate']>>;

/** llama.cpp rounds up to it. */
const SMALLEST_CONTEXT = 256;
const LARGEST_BATCH = 512;
/** llama.cpp keeps them for each token of a batch: 64 MiB. */
const BATCH_LOGITS = 2 ** 24;

/** So much that a sequence which grows is moved seldom. */
export function roomyCapacity(tokens: number, { maxTokens }: GgufEngine): number {
  const doubled = 2 ** Math.ceil(Math.log2(tokens + 1));
  return Math.min(maxTokens, Math.max(SMALLEST_CONTEXT, doubled) - 1);
}

export async function openRoom(
  { name, model, threads, vocabularySize }: GgufEngine,
  sequenceCount: number,
  capacity: number,
): Promise<Room> {
  const batchSize = Math.min(
    LARGEST_BATCH,
    Math.max(16, Math.floor(BATCH_LOGITS / vocabularySize)),
  );
  const options = {
    sequences: sequenceCount,
    // node-llama-cpp leaves the last place free.
    contextSize: capacity + 1,
    batchSize,
    threads,
    failedCreationRemedy: false,
  } as const;
  const context = await model.createContext(options).catch((cause: unknown) => {
    throw noRoom(name, sequenceCount, capacity, cause);
  });
  return roomOf(context, capacity);
}

function roomOf(context: LlamaContext, capacity: number): Room {
  const { totalSequences: length, batchSize } = context;
  return {
    sequences: Array.from({ length }, () => context.getSequence()),
    capacity,
    batchSize,
    close: () => context.dispose(),
  };
}

function noRoom(name: string, sequences: number, tokens: number, cause: unknown): FusionError {
  return badInput(
    `${name}: llama.cpp has no room for ${sequences} sequences of ${tokens} tokens (${(cause as Error).message})`,
    cause,
  );
}

/** Continues a sequence, a batch at a time, so that it can be stopped in between. */
export async function evaluate(
  { batchSize }: Room,
  sequence: LlamaContextSequence,
  input: Input,
  signal: AbortSignal,
): Promise<Output> {
  const output: Output = [];
  for (let start = 0; start < input.length; start += batchSize) {
    throwIfAborted(signal);
    output.push(...(await sequence.controlledEvaluate(input.slice(start, start + batchSize))));
  }
  return output;
}

export function askLogits(token: Token): Input[number] {
  return [token, { generateNext: { logits: true } }];
}

/** Beams share what came before: a copy costs less than to evaluate it again. */
export async function copySequence(
  source: LlamaContextSequence,
  target: LlamaContextSequence,
): Promise<boolean> {
  // Not public, but the package's version is fixed; without it the tokens are evaluated again.
  const { _copyStateFromOtherSequence: copy } = target as unknown as Partial<Copying>;
  if (!copy) return false;
  return (await copy.call(target, source, source.nextTokenIndex)) === true;
}

interface Copying {
  _copyStateFromOtherSequence(source: LlamaContextSequence, length: number): Promise<boolean>;
}

/** Whole distributions from logits, into [vocabulary] of `target`. */
export function writeLogProbabilities(logits: Logits | undefined, target: Float32Array): void {
  if (!logits) throw new FusionError('internal', 'llama.cpp gave no logits');
  let highest = Number.NEGATIVE_INFINITY;
  for (const logit of logits.values()) highest = Math.max(highest, logit);
  let sum = 0;
  for (const logit of logits.values()) sum += Math.exp(logit - highest);
  const shift = highest + Math.log(sum);
  target.fill(Number.NEGATIVE_INFINITY);
  for (const [token, logit] of logits) target[token] = logit - shift;
}
