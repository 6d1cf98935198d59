/**
 * Text from texts: encodes, generates, decodes, streams the text as it grows and ends it at stop
 * strings.
 */

import { badInput } from '../../errors.ts';
import type { TokenModel } from '../languageModel.ts';
import { generate } from './generate.ts';
import type { Hypothesis } from './hypothesis.ts';
import { createIncrementalText } from './incrementalText.ts';
import { type GenerationOptions, resolveOptions } from './options.ts';
import type { TokenEvent } from './rowSearch.ts';
import { createStopFinder } from './stopStrings.ts';

export interface TextOptions extends GenerationOptions {
  /** A text ends before the first of them. Not for beam search, which ranks whole texts. */
  readonly stop?: readonly string[];
  /**
   * Gets each text in pieces that add up to it; with beams, which are ranked at the end, the best in
   * one. `input` counts from 0, and so do the samples of an input.
   */
  readonly onText?: (piece: string, input: number, hypothesis: number) => void;
}

export interface TextHypothesis extends Hypothesis {
  /** Without end tokens and stop strings. */
  readonly text: string;
}

export interface TextGeneration {
  /** As `Generation.hypotheses`. */
  readonly hypotheses: readonly TextHypothesis[];
}

/** Of an input that is text, the special tokens are those that the tokenizer adds. */
export async function generateText(
  model: TokenModel,
  inputs: readonly (string | readonly number[])[],
  options: TextOptions = {},
): Promise<readonly TextGeneration[]> {
  const { stop = [], onText, ...rest } = options;
  const { strategy } = resolveOptions(rest, model);
  if (stop.length > 0 && strategy === 'beam') {
    throw badInput('stop: a beam search has no stop strings; use greedy or sample');
  }
  const tokens = inputs.map((input) =>
    typeof input === 'string' ? model.tokenizer.encode(input) : input,
  );
  if (strategy === 'beam') return decodeBeams(model, tokens, rest, onText);
  return streamRows(model, tokens, rest, stop, onText);
}

async function decodeBeams(
  model: TokenModel,
  inputs: readonly (readonly number[])[],
  options: GenerationOptions,
  onText: TextOptions['onText'],
): Promise<readonly TextGeneration[]> {
  const isEnd = endTest(model, options);
  const generations = await generate(model, inputs, options);
  return generations.map(({ hypotheses }, input) => {
    const texts = hypotheses.map((hypothesis) => ({
      ...hypothesis,
      text: model.tokenizer.decode(hypothesis.tokens.filter((token) => !isEnd(token))),
    }));
    if (texts[0]?.text) onText?.(texts[0].text, input, 0);
    return { hypotheses: texts };
  });
}

async function streamRows(
  model: TokenModel,
  inputs: readonly (readonly number[])[],
  options: GenerationOptions,
  stop: readonly string[],
  onText: TextOptions['onText'],
): Promise<readonly TextGeneration[]> {
  const isEnd = endTest(model, options);
  const writers = inputs.map((_, input) =>
    Array.from({ length: options.hypotheses ?? 1 }, (_, hypothesis) =>
      createWriter(model, stop, (piece) => onText?.(piece, input, hypothesis)),
    ),
  );
  const onToken = (event: TokenEvent): 'continue' | 'stop' => {
    const writer = writers[event.input]![event.hypothesis]!;
    if (!isEnd(event.token)) writer.push(event.token);
    const heard = options.onToken?.(event) ?? 'continue';
    if (event.finish !== undefined || heard === 'stop') writer.finish();
    return writer.isStopped() ? 'stop' : heard;
  };
  const generations = await generate(model, inputs, { ...options, onToken });
  return generations.map(({ hypotheses }, input) => ({
    hypotheses: hypotheses.map((hypothesis, i) => {
      const writer = writers[input]![i]!;
      const finish = writer.isStopped() ? 'stop' : hypothesis.finish;
      return { ...hypothesis, finish, text: writer.finish() };
    }),
  }));
}

/** Whether a token ends a text and is no part of it, even where the tokenizer would show it. */
function endTest(
  { endTokens, defaults }: TokenModel,
  options: GenerationOptions,
): (token: number) => boolean {
  const forcedEndToken = options.forcedEndToken ?? defaults.forcedEndToken;
  return (token) => token === forcedEndToken || endTokens.includes(token);
}

interface Writer {
  readonly push: (token: number) => void;
  readonly isStopped: () => boolean;
  /** Gives out what was held back, once; returns the whole text. */
  readonly finish: () => string;
}

function createWriter(
  { tokenizer }: TokenModel,
  stop: readonly string[],
  onPiece: (piece: string) => void,
): Writer {
  const incremental = createIncrementalText(tokenizer);
  const finder = createStopFinder(stop);
  let text = '';
  const write = (piece: string): void => {
    text += piece;
    if (piece !== '') onPiece(piece);
  };
  return {
    push: (token) => write(finder.push(incremental.push(token))),
    isStopped: finder.isStopped,
    finish: () => {
      write(finder.push(incremental.flush()));
      write(finder.flush());
      return text;
    },
  };
}
