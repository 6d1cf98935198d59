/**
 * The bytes of a vocabulary's tokens as a trie in flat arrays, and what a model gives to each node.
 *
 * Tokens are in the order of their bytes, so those that begin with the bytes of a node stand together,
 *
 *   mass[node] = sum of p(token) over the tokens [start, end) of the node,
 *
 * the tokens that end there first. A search visits few nodes of a context, and deep ones have few
 * tokens, so masses are summed when they are asked for: all nodes of 128,000 tokens took nearly three
 * times as long. They are sums and never differences, which would lose digits.
 */

export interface ByteTrie {
  /** Children of node i are the nodes [firstChild[i], firstChild[i + 1]), by their bytes. */
  readonly firstChild: Int32Array;
  /** That leads to the node. */
  readonly byteOf: Uint8Array;
  /** In the order of their bytes; a prefix comes before what it begins. */
  readonly tokens: Int32Array;
  /** The tokens of node i are tokens[start[i]] to tokens[end[i] - 1]. */
  readonly start: Int32Array;
  readonly end: Int32Array;
}

export const ROOT = 0;

/** @param bytes by token; undefined of what is no part of a text. None is empty. */
export function buildTrie(bytes: readonly (Uint8Array | undefined)[]): ByteTrie {
  const tokens = Int32Array.from(bytes.keys())
    .filter((token) => bytes[token] !== undefined)
    .sort((a, b) => compareBytes(bytes[a]!, bytes[b]!));
  const most = 1 + tokens.reduce((sum, token) => sum + bytes[token]!.length, 0);
  const byteOf = new Uint8Array(most);
  const [firstChild, start, end, depth] = [0, 1, 2, 3].map(
    () => new Int32Array(most + 1),
  ) as Arrays;
  end[ROOT] = tokens.length;
  let nodeCount = 1;
  for (let node = 0; node < nodeCount; node++) {
    firstChild[node] = nodeCount;
    const byteAt = (at: number) => bytes[tokens[at]!]![depth[node]!];
    let at = start[node]!;
    while (at < end[node]! && byteAt(at) === undefined) at++;
    while (at < end[node]!) {
      const child = nodeCount++;
      const byte = byteAt(at)!;
      byteOf[child] = byte;
      depth[child] = depth[node]! + 1;
      start[child] = at;
      while (at < end[node]! && byteAt(at) === byte) at++;
      end[child] = at;
    }
  }
  firstChild[nodeCount] = nodeCount;
  return {
    firstChild: firstChild.slice(0, nodeCount + 1),
    byteOf: byteOf.slice(0, nodeCount),
    tokens,
    start: start.slice(0, nodeCount),
    end: end.slice(0, nodeCount),
  };
}

type Arrays = [Int32Array, Int32Array, Int32Array, Int32Array];

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** -1 if no token goes on so. */
export function childOf({ firstChild, byteOf }: ByteTrie, node: number, byte: number): number {
  let low = firstChild[node]!;
  let high = firstChild[node + 1]!;
  const end = high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byteOf[middle]! < byte) low = middle + 1;
    else high = middle;
  }
  return low < end && byteOf[low] === byte ? low : -1;
}

/** Where the tokens that go on behind a node begin, among all tokens in their order. */
export function behindStart({ firstChild, start, end }: ByteTrie, node: number): number {
  const child = firstChild[node]!;
  return child < firstChild[node + 1]! ? start[child]! : end[node]!;
}

/** @param row log-probabilities of all tokens @returns probabilities of the trie's, in their order */
export function tokenMasses({ tokens }: ByteTrie, row: Float32Array): Float64Array {
  const masses = new Float64Array(tokens.length);
  for (let i = 0; i < tokens.length; i++) masses[i] = Math.exp(row[tokens[i]!]!);
  return masses;
}

/** Of the tokens [from, to) in their order. */
export function massOf(masses: Float64Array, from: number, to: number): number {
  let mass = 0;
  for (let i = from; i < to; i++) mass += masses[i]!;
  return mass;
}
