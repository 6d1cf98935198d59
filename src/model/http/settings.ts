/** How requests are made: what may be said, the defaults, and what is refused. */

import { badInput } from '../../errors.ts';

export interface RequestSettings {
  /** Requests under way at once; the others wait their turn. */
  readonly concurrency: number;
  /** Further attempts after the first. */
  readonly retries: number;
  /** The first wait is up to this long, the second up to twice as long, and so on. */
  readonly backoffMs: number;
  /** For an attempt; for one that streams, until it begins to answer. Node itself has 300 s. */
  readonly timeoutMs: number;
  /** For a stream: between two pieces of it. */
  readonly idleTimeoutMs: number;
  readonly maxResponseBytes: number;
}

const DEFAULTS: RequestSettings = {
  concurrency: 4,
  retries: 4,
  backoffMs: 500,
  timeoutMs: 60_000,
  idleTimeoutMs: 60_000,
  // A text of 100,000 tokens, echoed with log-probabilities, has about 10 MB.
  maxResponseBytes: 32 * 1024 * 1024,
};

const LEAST: RequestSettings = {
  concurrency: 1,
  retries: 0,
  backoffMs: 0,
  timeoutMs: 1,
  idleTimeoutMs: 1,
  maxResponseBytes: 1,
};

/** A longer timer would fire at once. */
const MOST = 2 ** 31 - 1;

export function requestSettings(options: Partial<RequestSettings>, name: string): RequestSettings {
  const settings: { -readonly [K in keyof RequestSettings]: number } = { ...DEFAULTS };
  for (const key of Object.keys(DEFAULTS) as (keyof RequestSettings)[]) {
    const value = options[key] ?? DEFAULTS[key];
    if (!Number.isInteger(value) || value < LEAST[key] || value > MOST) {
      throw badInput(
        `model "${name}": ${key} is ${value}, not a whole number from ${LEAST[key]} to ${MOST}`,
      );
    }
    settings[key] = value;
  }
  return settings;
}
