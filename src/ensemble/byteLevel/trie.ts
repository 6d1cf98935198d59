/**
 * The bytes of a vocabulary's tokens as a trie in flat arrays, and what a model gives to each node.
 *
 * Nodes are numbered level by level, so that the children of a node stand together and behind it, and
 * one pass from the last node to the first sums
 *
 *   mass[node] = sum of p(token) over the tokens whose bytes begin with those of the node
 *              = sum of p(token) over the tokens that end there + sum of mass over its children.
 */

export interface ByteTrie {
  readonly nodeCount: number;
  /** Children of node i are the nodes [firstChild[i], firstChild[i + 1]), by their bytes. */
  readonly firstChild: Int32Array;
  /** That leads to the node. */
  readonly byteOf: Uint8Array;
  /** Tokens that end at node i are tokens[firstToken[i]] to tokens[firstToken[i + 1] - 1]. */
  readonly firstToken: Int32Array;
  readonly tokens: Int32Array;
}

export const ROOT = 0;

/** @param bytes by token; undefined of what is no part of a text. None is empty. */
export function buildTrie(bytes: readonly (Uint8Array | undefined)[]): ByteTrie {
  const tokens = Int32Array.from(bytes.keys())
    .filter((token) => bytes[token] !== undefined)
    .sort((a, b) => compareBytes(bytes[a]!, bytes[b]!));
  const most = 1 + tokens.reduce((sum, token) => sum + bytes[token]!.length, 0);
  const byteOf = new Uint8Array(most);
  const firstChild = new Int32Array(most + 1);
  const firstToken = new Int32Array(most + 1);
  const ended: number[] = [];
  let level = [{ start: 0, end: tokens.length }];
  let nodeCount = 1;
  let node = 0;
  for (let depth = 0; level.length > 0; depth++) {
    const next: typeof level = [];
    for (const { start, end } of level) {
      firstToken[node] = ended.length;
      firstChild[node] = nodeCount;
      let at = start;
      while (at < end && bytes[tokens[at]!]!.length === depth) ended.push(tokens[at++]!);
      while (at < end) {
        const from = at;
        const byte = bytes[tokens[from]!]![depth]!;
        while (at < end && bytes[tokens[at]!]![depth] === byte) at++;
        byteOf[nodeCount++] = byte;
        next.push({ start: from, end: at });
      }
      node++;
    }
    level = next;
  }
  firstToken[nodeCount] = ended.length;
  firstChild[nodeCount] = nodeCount;
  return {
    nodeCount,
    firstChild: firstChild.slice(0, nodeCount + 1),
    byteOf: byteOf.slice(0, nodeCount),
    firstToken: firstToken.slice(0, nodeCount + 1),
    tokens: Int32Array.from(ended),
  };
}

/** A prefix comes before what it begins. */
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

/** @param row log-probabilities of all tokens @returns mass of each node, not a logarithm */
export function nodeMasses(
  { nodeCount, firstChild, firstToken, tokens }: ByteTrie,
  row: Float32Array,
): Float64Array {
  const masses = new Float64Array(nodeCount);
  for (let node = nodeCount - 1; node >= 0; node--) {
    let mass = 0;
    for (let i = firstToken[node]!; i < firstToken[node + 1]!; i++)
      mass += Math.exp(row[tokens[i]!]!);
    for (let child = firstChild[node]!; child < firstChild[node + 1]!; child++)
      mass += masses[child]!;
    masses[node] = mass;
  }
  return masses;
}

/** Mass of the tokens that go on behind the node: a sum, since a difference would lose digits. */
export function massBehind({ firstChild }: ByteTrie, masses: Float64Array, node: number): number {
  let mass = 0;
  for (let child = firstChild[node]!; child < firstChild[node + 1]!; child++)
    mass += masses[child]!;
  return mass;
}
