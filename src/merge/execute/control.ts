/** What the main thread and the workers share while a job runs: a stop flag and byte counters. */

export interface Control {
  readonly shared: SharedArrayBuffer;
  readonly stop: () => void;
  readonly isStopped: () => boolean;
  readonly addRead: (byteLength: number) => void;
  readonly addWritten: (byteLength: number) => void;
  readonly bytesRead: () => number;
  readonly bytesWritten: () => number;
}

const FLAG_BYTES = 8;

export function createControl(shared = new SharedArrayBuffer(FLAG_BYTES + 16)): Control {
  const flag = new Int32Array(shared, 0, 1);
  const counters = new BigInt64Array(shared, FLAG_BYTES, 2);
  return {
    shared,
    stop: () => void Atomics.store(flag, 0, 1),
    isStopped: () => Atomics.load(flag, 0) === 1,
    addRead: (byteLength) => void Atomics.add(counters, 0, BigInt(byteLength)),
    addWritten: (byteLength) => void Atomics.add(counters, 1, BigInt(byteLength)),
    bytesRead: () => Number(Atomics.load(counters, 0)),
    bytesWritten: () => Number(Atomics.load(counters, 1)),
  };
}
