/**
 * Which tensors a checkpoint holds, and their names. The rule:
 *
 * 1. Every tensor counts, wherever it lies; its name is the path of keys to it, joined by dots
 *    (positions in lists count from 0). Other values (epochs, arguments, versions) are skipped.
 * 2. While all tensors lie under one key, and it is one of WRAPPER_KEYS, that key is left out.
 *
 * So `{model: {a}, epoch}` has the tensor `a`, and `{state_dict: {a}, optimizer: {b}}` has
 * `state_dict.a` and `optimizer.b`: nothing is dropped silently. A tensor under two names is
 * listed under both.
 */

import { badInput, type FusionError } from '../../errors.ts';
import { MAX_NAME_LENGTH, MAX_NESTING, MAX_TENSORS, MAX_VISITED_VALUES } from './limits.ts';
import { isObject, type PickleDict, type PickleTensor, type PickleValue } from './pickleValue.ts';
import { printable } from './printable.ts';

export interface NamedTensor {
  readonly name: string;
  readonly tensor: PickleTensor;
}

/** Keys under which training scripts put the state dict when they save more than it. */
const WRAPPER_KEYS: ReadonlySet<string> = new Set([
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'module',
  'net',
  'network',
  'ema',
  'ema_state_dict',
  'model_ema',
  'params',
  'params_ema',
]);

/** Keys from the root; `null` where a key is neither text nor a number. */
type Path = readonly (string | null)[];

interface Found {
  readonly path: Path;
  readonly tensor: PickleTensor;
}

interface Walk {
  readonly subject: string;
  readonly found: Found[];
  visited: number;
}

/** The tensors under `root` in the order of the file; `subject` is the file's name. */
export function namedTensors(root: PickleValue, subject: string): NamedTensor[] {
  const walk: Walk = { subject, found: [], visited: 0 };
  visit(root, [], walk);
  if (walk.found.length === 0) throw badInput(`${subject}: holds no tensors`);
  return nameAll(withoutWrappers(walk.found), subject);
}

function visit(value: PickleValue, path: Path, walk: Walk): void {
  walk.visited += 1;
  if (walk.visited > MAX_VISITED_VALUES) {
    throw refusal(walk, `holds more than ${MAX_VISITED_VALUES} values, shared ones counted again`);
  }
  if (!isObject(value)) return;
  if (path.length > MAX_NESTING) throw refusal(walk, `nests deeper than ${MAX_NESTING} levels`);
  if (value.kind === 'tensor') addTensor(value, path, walk);
  else if (value.kind === 'dict') visitDict(value, path, walk);
  else if ('items' in value) {
    for (const [i, item] of value.items.entries()) visit(item, [...path, String(i)], walk);
  }
}

function addTensor(tensor: PickleTensor, path: Path, walk: Walk): void {
  if (walk.found.length >= MAX_TENSORS) throw refusal(walk, `names over ${MAX_TENSORS} tensors`);
  walk.found.push({ path, tensor });
}

function visitDict(dict: PickleDict, path: Path, walk: Walk): void {
  const seen = new Set<string>();
  for (const [i, key] of dict.keys.entries()) {
    const name = keyName(key);
    if (name !== null && seen.has(name)) {
      throw refusal(walk, `holds a dict with the key "${printable(name)}" twice`);
    }
    if (name !== null) seen.add(name);
    visit(dict.values[i] ?? null, [...path, name], walk);
  }
}

function keyName(key: PickleValue): string | null {
  if (typeof key === 'string') return key;
  return typeof key === 'number' || typeof key === 'bigint' ? String(key) : null;
}

function refusal(walk: Walk, what: string): FusionError {
  return badInput(`${walk.subject}: the pickle ${what}`);
}

function withoutWrappers(found: readonly Found[]): readonly Found[] {
  const key = found[0]?.path[0] ?? null;
  if (key === null || !WRAPPER_KEYS.has(key)) return found;
  const isShared = found.every(({ path }) => path.length > 1 && path[0] === key);
  if (!isShared) return found;
  return withoutWrappers(found.map(({ path, tensor }) => ({ path: path.slice(1), tensor })));
}

function nameAll(found: readonly Found[], subject: string): NamedTensor[] {
  const seen = new Set<string>();
  return found.map(({ path, tensor }) => {
    const name = nameOf(path, subject);
    if (seen.has(name)) throw badInput(`${subject}: tensor "${printable(name)}" occurs twice`);
    seen.add(name);
    return { name, tensor };
  });
}

function nameOf(path: Path, subject: string): string {
  if (path.length === 0) throw badInput(`${subject}: is a single tensor without a name`);
  if (path.includes(null)) {
    throw badInput(`${subject}: holds a tensor under a key that is neither text nor a number`);
  }
  const length = path.reduce((sum, key) => sum + (key?.length ?? 0) + 1, -1);
  if (length > MAX_NAME_LENGTH) {
    throw badInput(
      `${subject}: a tensor's name has ${length} characters, the limit is ${MAX_NAME_LENGTH}`,
    );
  }
  return path.join('.');
}
