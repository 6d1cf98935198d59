/** A binary heap: the best of what was pushed comes first, and of equals the one pushed first. */

export interface Heap<T> {
  readonly push: (value: T, priority: number) => void;
  /** The value of the highest priority; undefined when there is none. */
  readonly pop: () => T | undefined;
}

interface Entry<T> {
  readonly value: T;
  readonly priority: number;
  readonly order: number;
}

export function createHeap<T>(): Heap<T> {
  const entries: Entry<T>[] = [];
  let pushed = 0;
  return {
    push(value, priority) {
      rise(entries, { value, priority, order: pushed++ });
    },
    pop() {
      const [first] = entries;
      const last = entries.pop();
      if (last !== undefined && entries.length > 0) sink(entries, last);
      return first?.value;
    },
  };
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.priority === b.priority ? a.order < b.order : a.priority > b.priority;
}

/** Puts an entry in from the end. */
function rise<T>(entries: Entry<T>[], entry: Entry<T>): void {
  let place = entries.length;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    if (!isBefore(entry, entries[parent]!)) break;
    entries[place] = entries[parent]!;
    place = parent;
  }
  entries[place] = entry;
}

/** Puts an entry in from the top, whose own entry is lost. */
function sink<T>(entries: Entry<T>[], entry: Entry<T>): void {
  let place = 0;
  for (;;) {
    const left = 2 * place + 1;
    if (left >= entries.length) break;
    const right = left + 1;
    const hasRight = right < entries.length && isBefore(entries[right]!, entries[left]!);
    const child = hasRight ? right : left;
    if (!isBefore(entries[child]!, entry)) break;
    entries[place] = entries[child]!;
    place = child;
  }
  entries[place] = entry;
}
