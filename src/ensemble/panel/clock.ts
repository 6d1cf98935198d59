/** Time as a panel uses it, so that tests can move it by hand. */

export interface Clock {
  /** Milliseconds since some moment. */
  readonly now: () => number;
  /** Calls `ring` once, so many milliseconds from now. Returns what prevents it. */
  readonly after: (milliseconds: number, ring: () => void) => () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after(milliseconds, ring) {
    const timer = setTimeout(ring, milliseconds);
    return () => clearTimeout(timer);
  },
};
