/** Waiting that an AbortSignal can end, and one signal out of two. Needs no Node. */

export interface LinkedSignal {
  readonly signal: AbortSignal;
  readonly abort: () => void;
  /** A long-lived signal would otherwise remember every request that it was given to. */
  readonly unlink: () => void;
}

/** Returns what ends the listening. */
export type Listen = (signal: AbortSignal, onAbort: () => void) => () => void;

const listen: Listen = (signal, onAbort) => {
  signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
};

/** One listener on a signal, however many requests it may stop: Node takes eleven for a leak. */
export function createSharedListen(): Listen {
  const waiting = new Map<AbortSignal, SharedListener>();
  return (signal, onAbort) => {
    const known = waiting.get(signal);
    const shared = known ?? shareListener(signal, () => waiting.delete(signal));
    waiting.set(signal, shared);
    return shared.add(onAbort);
  };
}

interface SharedListener {
  readonly add: (onAbort: () => void) => () => void;
}

/** Ends itself with the last of those that it listens for. */
function shareListener(signal: AbortSignal, onEnd: () => void): SharedListener {
  const all = new Set<() => void>();
  const end = listen(signal, () => {
    for (const onAbort of all) onAbort();
  });
  return {
    add(onAbort) {
      all.add(onAbort);
      return () => {
        all.delete(onAbort);
        if (all.size > 0) return;
        end();
        onEnd();
      };
    },
  };
}

/** A signal that is aborted with any of those given. */
export function linkSignals(
  signals: readonly (AbortSignal | undefined)[],
  listenTo: Listen = listen,
): LinkedSignal {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const given = signals.filter((signal) => signal !== undefined);
  if (given.some(({ aborted }) => aborted)) abort();
  const ends = given.map((signal) => listenTo(signal, abort));
  return {
    signal: controller.signal,
    abort,
    unlink: () => {
      for (const end of ends) end();
    },
  };
}

/** Resolves when `start` calls `done`; on abort it undoes what `start` did, and rejects. */
export function abortable(
  signal: AbortSignal,
  start: (done: () => void) => () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => {
      undo();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const undo = start(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}

export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return abortable(signal, (done) => {
    const timer = setTimeout(done, milliseconds);
    return () => clearTimeout(timer);
  });
}
