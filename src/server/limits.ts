/** How much a server takes on. Every limit has a default, and the reason for it. */

import { badInput } from '../errors.ts';

export interface ServerLimits {
  /** Requests that run at once. Their steps take turns on the model's thread: each has memory of its own. */
  readonly concurrency: number;
  /** Requests that wait for their turn; one more is told to come again. */
  readonly queue: number;
  /** Of a request from its arrival to its last byte, the wait included. */
  readonly timeLimitMs: number;
  readonly bodyBytes: number;
}

const DEFAULTS: ServerLimits = {
  concurrency: 4,
  queue: 64,
  // What OpenAI's clients wait for at the most.
  timeLimitMs: 600_000,
  // A million tokens of text.
  bodyBytes: 4 * 1024 * 1024,
};

/** A longer timer would fire at once. */
const MOST = 2 ** 31 - 1;

export function serverLimits(options: Partial<ServerLimits>): ServerLimits {
  const limits: { -readonly [K in keyof ServerLimits]: number } = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof ServerLimits)[]) {
    const value = options[name] ?? DEFAULTS[name];
    const least = name === 'queue' ? 0 : 1;
    if (!Number.isInteger(value) || value < least || value > MOST) {
      throw badInput(`server: ${name} is ${value}, not a whole number from ${least} to ${MOST}`);
    }
    limits[name] = value;
  }
  return limits;
}
