/**
 * Sequences as a tree, each with what the model remembers of it, for searches whose rows do not
 * advance together. What a branch reads lies in one row,
 *
 *   [ padding | the parent's tokens | the branch's | padding ],
 *
 * so that what a node remembers is a range of a row, and nodes on one branch share their row.
 */

import type { Tensor } from 'onnxruntime-common';
import { badInput } from '../../errors.ts';
import type { TokenBranch } from '../languageModel.ts';
import { type Cache, cacheOf, cacheOutputs, emptyCache } from './cache.ts';
import { causalFeeds } from './causalFeeds.ts';
import { allDistributions, type PlacedDistributions } from './distributions.ts';
import { LOG_PROBABILITIES } from './logProbabilities.ts';
import { hasPort, type Running } from './running.ts';
import { batchTokens } from './tokenBatch.ts';

export interface Branch extends TokenBranch {
  /** Numbers for the nodes of its tokens. */
  readonly nodes: readonly number[];
}

/** Where the keys and values of a node's tokens lie: places [start, start + length) of a row. */
interface NodeCache {
  readonly cache: Cache;
  readonly row: number;
  readonly start: number;
  readonly length: number;
}

export type NodeCaches = Map<number, NodeCache>;

/** The positions of rows that are padded must be told, and no length may change what was computed. */
export function canGrow({ inputs, switchLength }: Running): boolean {
  return switchLength === undefined && hasPort(inputs, 'position_ids');
}

/** @returns [tokens of all branches][vocabulary] */
export async function growNodes(
  running: Running,
  known: NodeCaches,
  branches: readonly Branch[],
): Promise<Float32Array> {
  if (branches.length === 0) return new Float32Array(0);
  const parents = branches.map(({ parent }) => parentOf(known, parent));
  const past = Math.max(...parents.map((parent) => parent?.length ?? 0));
  const tokens = batchTokens(
    branches.map((branch) => branch.tokens),
    'right',
  );
  const positions = tokens.positions.map((position, i) => {
    const parent = parents[Math.floor(i / tokens.length)];
    return position + BigInt(parent?.length ?? 0);
  });
  const mask = maskOf(parents, past, tokens.mask);
  const cache = past === 0 ? emptyCache(running, branches.length) : gather(running, parents, past);
  const feeds = causalFeeds(running, { ...tokens, positions }, mask, 0, cache);
  const wanted = [LOG_PROBABILITIES, ...cacheOutputs(running)];
  const out = await running.session.run(feeds, wanted);
  const grown = cacheOf(running, out);
  branches.forEach(({ nodes }, row) => {
    const before = parents[row]?.length ?? 0;
    nodes.forEach((node, i) => {
      known.set(node, { cache: grown, row, start: past - before, length: before + i + 1 });
    });
  });
  return joinDistributions(branches, allDistributions(out));
}

function parentOf(known: NodeCaches, parent: number | undefined): NodeCache | undefined {
  if (parent === undefined) return undefined;
  const found = known.get(parent);
  if (found) return found;
  throw badInput(`a sequence continues node ${parent}, which is unknown or forgotten`);
}

/** [rows][past and new tokens] */
function maskOf(
  parents: readonly (NodeCache | undefined)[],
  past: number,
  fresh: BigInt64Array,
): BigInt64Array {
  const added = fresh.length / parents.length;
  const mask = new BigInt64Array(parents.length * (past + added));
  parents.forEach((parent, row) => {
    const end = row * (past + added) + past;
    mask.fill(1n, end - (parent?.length ?? 0), end);
    mask.set(fresh.subarray(row * added, (row + 1) * added), end);
  });
  return mask;
}

/** What the parents remember, each at the end of its row of `past` places. */
function gather(
  running: Running,
  parents: readonly (NodeCache | undefined)[],
  past: number,
): Cache {
  const { cache } = parents.find((parent) => parent)!;
  const isLaidOut =
    Object.values(cache).every(({ dims }) => dims[0] === parents.length && dims[2] === past) &&
    parents.every((parent, row) => parent?.cache === cache && isAtEnd(parent, row, past));
  if (isLaidOut) return cache;
  const names = Object.keys(cache);
  return Object.fromEntries(names.map((name) => [name, gatherOne(running, parents, past, name)]));
}

function isAtEnd(node: NodeCache, row: number, past: number): boolean {
  return node.row === row && node.start + node.length === past;
}

function gatherOne(
  { runtime: { Tensor } }: Running,
  parents: readonly (NodeCache | undefined)[],
  past: number,
  name: string,
): Tensor {
  const source = (parent: NodeCache) => parent.cache[name]!;
  const [, heads, , size] = source(parents.find((parent) => parent)!).dims as Dims;
  const values = new Float32Array(parents.length * heads * past * size);
  parents.forEach((parent, row) => {
    if (parent === undefined) return;
    const { data, dims } = source(parent);
    const places = dims[2]!;
    for (let head = 0; head < heads; head++) {
      const from = ((parent.row * heads + head) * places + parent.start) * size;
      const to = ((row * heads + head) * past + past - parent.length) * size;
      const part = (data as Float32Array).subarray(from, from + parent.length * size);
      values.set(part, to);
    }
  });
  return new Tensor('float32', values, [parents.length, heads, past, size]);
}

/** [rows, heads, places, size] */
type Dims = readonly [number, number, number, number];

function joinDistributions(
  branches: readonly Branch[],
  { size, whole }: PlacedDistributions,
): Float32Array {
  const count = branches.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const joined = new Float32Array(count * size);
  let next = 0;
  for (const [row, { tokens }] of branches.entries()) {
    for (let place = 0; place < tokens.length; place++) {
      joined.set(whole(row, place), next++ * size);
    }
  }
  return joined;
}
