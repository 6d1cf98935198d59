/**
 * YAML text to plain values that remember their lines.
 *
 * The `yaml` package parses to a tree of nodes; this walks the tree itself rather than calling
 * `toJS`, because messages need the line of every key, because merge keys (`<<`) and duplicate keys
 * have to be judged, and because aliases must not multiply without bound ("billion laughs").
 * Values are strings, numbers, booleans, null, lists and plain objects; there are no custom tags.
 */

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { badInput } from '../errors.ts';
import { quoted } from './spelling.ts';
import { parseYamlTrees } from './yamlTree.ts';

export type ValuePath = readonly PropertyKey[];

export interface LocatedDocument {
  readonly value: unknown;
  /** The line of the value at `path`, or of its nearest ancestor that exists. */
  readonly lineOf: (path: ValuePath) => number;
}

/** A recipe is a page of text; the largest chat templates add some tens of kilobytes. */
const MAX_TEXT_LENGTH = 2 ** 18;
const MAX_DOCUMENTS = 100;
const MAX_DEPTH = 32;
/** Values of one file with every alias expanded. */
const MAX_VALUES = 100_000;

interface Walk {
  readonly file: string;
  readonly counter: LineCounter;
  readonly anchors: Map<string, Node>;
  /** For each list and object, the line of each entry. */
  readonly lines: WeakMap<object, Map<PropertyKey, number>>;
  values: number;
  /** How many aliases are being expanded: anchors inside them are old news. */
  aliases: number;
}

/** Documents without a value (a trailing `---`) are left out. */
export function parseLocatedDocuments(text: string, file: string): LocatedDocument[] {
  if (text.length > MAX_TEXT_LENGTH) {
    throw badInput(`${file}: ${text.length} characters, a recipe has at most ${MAX_TEXT_LENGTH}`);
  }
  const counter = new LineCounter();
  const documents = parseYamlTrees(text, file, counter);
  if (documents.length > MAX_DOCUMENTS) {
    throw badInput(`${file}: ${documents.length} documents, at most ${MAX_DOCUMENTS} are allowed`);
  }
  return documents
    .map((document) => locate(document, file, counter))
    .filter(({ value }) => value !== null);
}

function locate(document: Document, file: string, counter: LineCounter): LocatedDocument {
  // A warning is an unknown tag or directive: something that would be dropped in silence.
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault) {
    const { line } = counter.linePos(fault.pos[0]);
    throw badInput(`${file}:${line}: not valid YAML: ${fault.message.split('\n', 1)[0]}`, fault);
  }
  const walk: Walk = {
    file,
    counter,
    anchors: new Map(),
    lines: new WeakMap(),
    values: 0,
    aliases: 0,
  };
  const root = document.contents;
  const value = plainValue(walk, root, 0);
  const firstLine = lineAt(walk, root);
  return { value, lineOf: (path) => lineOf(walk, value, firstLine, path) };
}

function lineOf(walk: Walk, root: unknown, firstLine: number, path: ValuePath): number {
  let line = firstLine;
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) break;
    line = walk.lines.get(value)?.get(key) ?? line;
    value = Reflect.get(value, key);
  }
  return line;
}

function lineAt(walk: Walk, node: unknown): number {
  const range = isNode(node) ? node.range : undefined;
  return range ? walk.counter.linePos(range[0]).line : 1;
}

function isNode(node: unknown): node is Node {
  return isScalar(node) || isAlias(node) || isMap(node) || isSeq(node);
}

function plainValue(walk: Walk, node: unknown, depth: number): unknown {
  if (++walk.values > MAX_VALUES) {
    throw fault(walk, node, `more than ${MAX_VALUES} values, aliases expanded`);
  }
  if (depth > MAX_DEPTH) throw fault(walk, node, `nested deeper than ${MAX_DEPTH} levels`);
  if (isAlias(node)) {
    walk.aliases++;
    const value = plainValue(walk, targetOf(walk, node), depth + 1);
    walk.aliases--;
    return value;
  }
  if (isNode(node) && node.anchor !== undefined && walk.aliases === 0) {
    walk.anchors.set(node.anchor, node);
  }
  if (isMap(node)) return objectOf(walk, node, depth);
  if (isSeq(node)) return listOf(walk, node, depth);
  return isScalar(node) ? node.value : null;
}

function targetOf(walk: Walk, node: unknown): unknown {
  if (!isAlias(node)) return node;
  const target = walk.anchors.get(node.source);
  if (target) return target;
  throw fault(walk, node, `alias ${quoted(node.source)} has no anchor before it`);
}

function listOf(walk: Walk, node: YAMLSeq, depth: number): unknown[] {
  const lines = new Map<PropertyKey, number>();
  const list = node.items.map((item, index) => {
    lines.set(index, lineAt(walk, item));
    return plainValue(walk, item, depth + 1);
  });
  walk.lines.set(list, lines);
  return list;
}

function objectOf(walk: Walk, node: YAMLMap, depth: number): object {
  const object: Record<string, unknown> = {};
  const lines = new Map<PropertyKey, number>();
  walk.lines.set(object, lines);
  const merged: unknown[] = [];
  for (const pair of node.items) {
    if (isMergeKey(pair)) {
      merged.push(pair.value);
      continue;
    }
    const key = keyOf(walk, pair.key);
    const earlier = lines.get(key);
    if (earlier !== undefined) {
      throw fault(walk, pair.key, `key ${quoted(key)} appears twice, first in line ${earlier}`);
    }
    lines.set(key, lineAt(walk, pair.key));
    object[key] = plainValue(walk, pair.value, depth + 1);
  }
  for (const source of merged) mergeInto(walk, object, source, depth + 1);
  return object;
}

function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.type === 'PLAIN' && pair.key.value === '<<';
}

/** `<<`: keys that the object has keep their values; of several sources the first wins. */
function mergeInto(walk: Walk, object: Record<string, unknown>, node: unknown, depth: number) {
  const value = plainValue(walk, node, depth);
  for (const source of Array.isArray(value) ? value : [value]) {
    if (typeof source !== 'object' || source === null || Array.isArray(source)) {
      throw fault(walk, node, 'a merge key "<<" takes a mapping or a list of mappings');
    }
    const sourceLines = walk.lines.get(source);
    for (const [key, entry] of Object.entries(source)) {
      if (Object.hasOwn(object, key)) continue;
      object[key] = entry;
      walk.lines.get(object)?.set(key, sourceLines?.get(key) ?? lineAt(walk, node));
    }
  }
}

function keyOf(walk: Walk, node: unknown): string {
  const key = targetOf(walk, node);
  if (!isScalar(key)) throw fault(walk, node, 'a key has to be plain text');
  if (isNode(node) && node.anchor !== undefined) walk.anchors.set(node.anchor, node);
  const name = typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
  if (name === '__proto__') throw fault(walk, node, 'the key "__proto__" is not allowed');
  return name;
}

function fault(walk: Walk, node: unknown, message: string) {
  return badInput(`${walk.file}:${lineAt(walk, node)}: ${message}`);
}
