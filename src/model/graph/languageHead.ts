/** From the last states of a causal model to logits over its vocabulary. */

import type { Rows } from './attention.ts';
import type { GraphBuilder, Value } from './graph.ts';
import { reshape, scale, sizeOf, slice, tanh } from './operators.ts';

export interface LanguageHead {
  readonly width: number;
  readonly vocabulary: number;
  /** Name of the table, [vocabulary, width]. */
  readonly table: string;
  /** c tanh(logits / c) */
  readonly softCap?: number | undefined;
}

/** More than any text has tokens. */
const TO_THE_END = 2 ** 31;

/**
 * The output `last_hidden_state`: [batch, length, width].
 *
 * @param x [tokens, width]
 */
export function statesOutput(g: GraphBuilder, x: Value, rows: Rows, width: number): Value {
  const states = reshape(g, x, [rows.batch, -1, width]);
  g.output('last_hidden_state', states, 'float32', ['batch', 'length', width]);
  return states;
}

/**
 * The output `logits`, from position `logits_from` of each row on: only the last ones are of use in
 * generation, and they are large.
 *
 * @param states [batch, length, width]
 */
export function languageHead(
  g: GraphBuilder,
  states: Value,
  { width, vocabulary, table, softCap }: LanguageHead,
): void {
  const from = g.input('logits_from', 'int64', [1]);
  const wanted = reshape(g, slice(g, states, 1, from, g.ints([TO_THE_END])), [-1, width]);
  const logits = g.apply('Gemm', [wanted, g.weight(table, [vocabulary, width])], { transB: 1 });
  const capped =
    softCap === undefined ? logits : scale(g, tanh(g, scale(g, logits, 1 / softCap)), softCap);
  const apart = reshape(g, capped, [sizeOf(g, states, 0), -1, vocabulary]);
  g.output('logits', apart, 'float32', ['batch', 'wanted', vocabulary]);
}
