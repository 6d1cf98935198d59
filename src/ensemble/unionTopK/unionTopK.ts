/**
 * A text written by several models that only tell their most probable next tokens, as servers do. At
 * every step all are asked at once, their lists are fused (fusePieces.ts), and one piece of text is
 * taken: the one with the greatest lower bound, or one drawn by it. The next step's prompt ends with it,
 * and every member cuts the text into tokens of its own.
 *
 * Approximate, and every answer says so: by the mass that the lists left unseen, and by the steps whose
 * choice it might have changed. Members whose tokens can be had in full are fused exactly by bytes.
 */

import { badInput } from '../../errors.ts';
import { throwIfAborted } from '../../model/abort.ts';
import { createSampler, hashTokens } from '../../model/generate/sampler.ts';
import { createStopFinder } from '../../model/generate/stopStrings.ts';
import { linkSignals } from '../../model/http/abort.ts';
import type {
  RequestOptions,
  Responder,
  TextRequest,
  TextResponse,
} from '../../model/languageModel.ts';
import { END, type FusedPiece, type FusedStep, fusePieces, isFirstCertain } from './fusePieces.ts';
import { type PieceSource, pieceSource, type UnionMember } from './pieceSource.ts';

export interface UnionSettings {
  /** Tokens that every member is asked for. OpenAI's servers give 5 (completions) or 20 (chat). */
  readonly topK?: number;
  /** Pieces of a text, where the request does not say. */
  readonly maxTokens?: number;
}

/** A piece that was taken, and who was for it. */
export interface UnionStep {
  /** Empty at the end of the text. */
  readonly text: string;
  /** Of the piece in the fusion: what is known, and what it may be at the most. */
  readonly atLeast: number;
  readonly atMost: number;
  /** By member: the piece's log-probability; undefined where the member did not list it. */
  readonly logProbabilities: readonly (number | undefined)[];
  /** By member: the mass that it did not list. */
  readonly unseen: readonly number[];
  /** Whether the most probable piece is so whatever the members did not list. */
  readonly isCertain: boolean;
}

export interface UnionResponse extends TextResponse {
  readonly approximate: true;
  readonly steps: readonly UnionStep[];
  /** Over steps: the members' unseen masses, weighted. 0 of no steps. */
  readonly unseen: { readonly mean: number; readonly max: number };
}

export interface UnionResponder extends Responder {
  readonly respond: (...asked: Parameters<Responder['respond']>) => Promise<UnionResponse>;
}

const DEFAULT_TOP_K = 5;
const DEFAULT_TOKENS = 256;

export function createUnionTopK(
  members: readonly UnionMember[],
  { topK = DEFAULT_TOP_K, maxTokens = DEFAULT_TOKENS }: UnionSettings = {},
): UnionResponder {
  assertCount('topK', topK);
  const union = { sources: members.map(pieceSource), weights: shares(members), topK };
  return {
    respond: (request, options = {}) =>
      write(union, { ...request, maxTokens: request.maxTokens ?? maxTokens }, options),
  };
}

interface Union {
  readonly sources: readonly PieceSource[];
  /** They sum to 1. */
  readonly weights: readonly number[];
  readonly topK: number;
}

function shares(members: readonly UnionMember[]): number[] {
  if (members.length === 0) throw badInput('union_topk: there are no members');
  for (const { model, weight } of members) {
    if (weight > 0 && Number.isFinite(weight)) continue;
    throw badInput(`model "${model.name}": its weight ${weight} is not a positive number`);
  }
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  return members.map(({ weight }) => weight / total);
}

function assertCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  throw badInput(`${name}: ${value} is not a positive integer`);
}

async function write(
  union: Union,
  request: TextRequest & { readonly maxTokens: number },
  { signal, onText }: RequestOptions & { readonly onText?: (piece: string) => void },
): Promise<UnionResponse> {
  assertCount('maxTokens', request.maxTokens);
  const choose = chooser(request);
  const finder = createStopFinder(request.stop ?? []);
  const steps: UnionStep[] = [];
  let written = '';
  let text = '';
  let isEnded = false;
  const give = (piece: string): void => {
    text += piece;
    if (piece !== '') onText?.(piece);
  };
  while (!isEnded && !finder.isStopped() && steps.length < request.maxTokens) {
    const fused = await askAll(union, request.prompt, written, signal);
    const piece = choose(fused.pieces, steps.length);
    if (!piece) throw badInput(`union_topk: after ${steps.length} pieces no member lists another`);
    steps.push(stepOf(piece, fused, union.weights));
    isEnded = piece.text === END;
    if (piece.text === END) continue;
    written += piece.text;
    give(finder.push(piece.text));
  }
  give(finder.flush());
  const finish = isEnded || finder.isStopped() ? 'stop' : 'length';
  const unseen = unseenOf(steps, union.weights);
  return { text, finish, outputTokens: steps.length, approximate: true, steps, unseen };
}

/** If one fails, the others are not waited for. */
async function askAll(
  { sources, weights, topK }: Union,
  prompt: TextRequest['prompt'],
  written: string,
  outer: AbortSignal | undefined,
): Promise<FusedStep> {
  throwIfAborted(outer);
  const { signal, abort, unlink } = linkSignals([outer]);
  try {
    const asked = sources.map((source) => source(prompt, written, topK, { signal }));
    return fusePieces(await Promise.all(asked), weights);
  } finally {
    abort();
    unlink();
  }
}

type Choose = (pieces: readonly FusedPiece[], step: number) => FusedPiece | undefined;

/** Temperature and cuts apply to what is known of the fusion. */
function chooser({ prompt, temperature = 0, topP = 1, seed = 0 }: TextRequest): Choose {
  if (temperature === 0) return ([first]) => first;
  const settings = { temperature, topK: undefined, minP: undefined, seed };
  const cut = { ...settings, topP: topP === 1 ? undefined : topP };
  const words = typeof prompt === 'string' ? prompt : JSON.stringify(prompt);
  const inputHash = hashTokens(Array.from(words, (character) => character.codePointAt(0)!));
  return (pieces, step) => {
    const row = Float32Array.from(pieces, ({ atLeast }) => Math.log(atLeast));
    return pieces[createSampler(cut, row.length)(row, { inputHash, sample: 0, step })];
  };
}

function stepOf(piece: FusedPiece, fused: FusedStep, weights: readonly number[]): UnionStep {
  const { text, atLeast, atMost, logProbabilities } = piece;
  const shown = text === END ? '' : text;
  const isCertain = isFirstCertain(fused, weights);
  return { text: shown, atLeast, atMost, logProbabilities, unseen: fused.unseen, isCertain };
}

function unseenOf(
  steps: readonly UnionStep[],
  weights: readonly number[],
): UnionResponse['unseen'] {
  const masses = steps.map(({ unseen }) =>
    unseen.reduce((sum, mass, i) => sum + weights[i]! * mass, 0),
  );
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  return { mean: total / Math.max(1, masses.length), max: Math.max(0, ...masses) };
}
