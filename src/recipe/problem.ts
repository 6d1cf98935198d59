/**
 * What is wrong with a recipe, in one sentence: file, line, path, expectation.
 *
 * zod finds the faults; here the one that helps most is chosen and worded.
 */

import type * as z from 'zod';
import { badInput, FusionError } from '../errors.ts';
import type { LocatedDocument, ValuePath } from './document.ts';
import { describeValue, quoted } from './spelling.ts';

export interface RecipeDocument extends LocatedDocument {
  readonly file: string;
}

type Issue = z.core.$ZodIssue;

export function problemAt(document: RecipeDocument, path: ValuePath, message: string): FusionError {
  return badInput(`${placeOf(document, path)}: ${message}`);
}

/** `recipe.yml:4: models[0].parameters` */
export function placeOf(document: RecipeDocument, path: ValuePath): string {
  const line = `${document.file}:${document.lineOf(path)}`;
  return path.length === 0 ? line : `${line}: ${pathText(path)}`;
}

/** Runs `parse`; an error of its own becomes one that says where. */
export function placing<T>(document: RecipeDocument, path: ValuePath, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof FusionError)) throw error;
    throw new FusionError(error.code, `${placeOf(document, path)}: ${error.message}`, {
      cause: error,
    });
  }
}

export function pathText(path: ValuePath): string {
  const parts = path.map((key) => {
    if (typeof key === 'number') return `[${key}]`;
    return /^[A-Za-z_][\w-]*$/.test(String(key)) ? `.${String(key)}` : `[${quoted(String(key))}]`;
  });
  return parts.join('').replace(/^\./, '');
}

/** The words of zod for the faults that a schema does not word itself. */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') {
    const expected = TYPE_WORDS[issue.expected] ?? issue.expected;
    return `expected ${expected}, got ${describeValue(issue.input)}`;
  }
  if (issue.code === 'too_small' && Array.isArray(issue.input)) return 'the list is empty';
  return undefined;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** The error for a value that the schema refused. */
export function schemaProblem(document: RecipeDocument, issues: readonly Issue[]): FusionError {
  const faults = issues
    .map(deepest)
    .map((fault) => ({ fault, line: document.lineOf(fault.path) }))
    .sort((a, b) => a.line - b.line)
    .map(({ fault }) => fault);
  const first = pick(faults);
  if (!first) throw new FusionError('internal', 'a recipe was refused without a reason');
  return wording(document, first);
}

function wording(document: RecipeDocument, issue: Issue): FusionError {
  const { path } = issue;
  const line = `${document.file}:`;
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const where = document.lineOf([...path, key]);
    return badInput(`${line}${where}: unknown key ${quoted(key)}${inside(path)}; ${issue.message}`);
  }
  if (path.length > 0 && valueAt(document.value, path) === undefined) {
    const key = quoted(String(path.at(-1)));
    const parent = path.slice(0, -1);
    return badInput(`${line}${document.lineOf(parent)}: missing key ${key}${inside(parent)}`);
  }
  return problemAt(document, path, issue.message);
}

function inside(path: ValuePath): string {
  return path.length === 0 ? '' : ` in ${pathText(path)}`;
}

function valueAt(root: unknown, path: ValuePath): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null) return undefined;
    return Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  }, root);
}

/**
 * A union reports the faults of all its branches. If one branch got further into the value than the
 * others it is the one that was meant, and its first fault is told; else the union words it.
 */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const branches = issue.errors
    .map((faults) => faults.map(deepest))
    .map((faults) => ({ faults, depth: maximum(faults.map(depthOf)), count: faultCount(faults) }))
    .sort((a, b) => b.depth - a.depth || a.count - b.count);
  const [best, next] = branches;
  const fault = best && pick(best.faults.filter((each) => depthOf(each) === best.depth));
  if (!best || !fault || best.depth === 0) return issue;
  const undecided = next?.depth === best.depth && next.count === best.count;
  return undecided ? issue : { ...fault, path: [...issue.path, ...fault.path] };
}

/** A mistyped key is also reported as a missing one; the first says more. */
function pick(faults: readonly Issue[]): Issue | undefined {
  return faults.find((fault) => fault.code === 'unrecognized_keys') ?? faults[0];
}

function faultCount(faults: readonly Issue[]): number {
  return faults.reduce((n, fault) => n + ('keys' in fault ? fault.keys.length : 1), 0);
}

/** Not Math.max(...): a hostile list has more faults than a call takes arguments. */
function maximum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b), 0);
}

/** A key that should not be there is one level below the object that holds it. */
function depthOf(fault: Issue): number {
  return fault.path.length + (fault.code === 'unrecognized_keys' ? 1 : 0);
}
