/**
 * The one error type that lmfuse raises on purpose.
 *
 * A message is one sentence that names its subject and, where two things disagree, both values:
 * `tensor "x": shape [2, 3] in a, [2, 4] in b`. It is for the person at the terminal.
 */

/**
 * `bad_input`: something the user gave is wrong, and the user can mend it.
 * `aborted`: the caller's AbortSignal fired. `internal`: a defect of ours.
 */
export type FusionErrorCode = 'bad_input' | 'aborted' | 'internal';

export class FusionError extends Error {
  override readonly name = 'FusionError';
  readonly code: FusionErrorCode;

  constructor(code: FusionErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Shorthand for the commonest case: the input is wrong. */
export function badInput(message: string, cause?: unknown): FusionError {
  return new FusionError('bad_input', message, cause === undefined ? undefined : { cause });
}
