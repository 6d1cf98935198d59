/** How long to wait before the next attempt. Pure, but for its random numbers. */

/** Beyond this, waiting longer helps nobody who watches. */
const MAX_BACKOFF_MS = 30_000;

/** A server that wants longer is not waited for: the error says how long it asked. */
export const MAX_RETRY_AFTER_MS = 120_000;

/**
 * Exponential backoff with full jitter: anything up to the exponential, so that clients that failed
 * together do not come back together. Never sooner than the server asked.
 */
export function backoffDelay(
  attempt: number,
  backoffMs: number,
  retryAfterMs: number | undefined,
): number {
  const ceiling = Math.min(MAX_BACKOFF_MS, backoffMs * 2 ** (attempt - 1));
  return Math.max(retryAfterMs ?? 0, Math.random() * ceiling);
}

/** The Retry-After header: seconds or a date (RFC 9110, 10.2.3); undefined where it is neither. */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  const value = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  // Date.parse would take much for a date that is none, such as "-1".
  const date = /^[A-Z][a-z]+,? /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
