/**
 * Filters: which tensors a parameter value is for.
 *
 * A filter is a part of the tensor name (`mlp`), as in mergekit; or, beyond mergekit, a glob over the
 * whole name when it holds `*`, `?` or `[` (`*.layers.[0-3].mlp.*`, braces too), where a dot is a
 * character like any other; or a regular expression between slashes, found anywhere in the name
 * (`/layers\.(1[0-9]|2)\./i`).
 *
 * Recipes come from strangers, and a backtracking engine can be kept busy for years by one line. So
 * globs and expressions run on RE2's automaton, whose time is linear in the name; the price is that
 * lookaround and backreferences do not exist, and are refused by name.
 */

import { RE2JS } from 're2js';
import { badInput } from '../../errors.ts';
import { quoted } from '../../recipe/spelling.ts';

export type TensorNameMatcher = (tensorName: string) => boolean;

/** Bounds the automaton, whose states every character of a name may visit. */
const MAX_PATTERN_LENGTH = 300;

const FLAGS: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
};

export function matchesFilter(filter: string, tensorName: string): boolean {
  return parseFilter(filter)(tensorName);
}

export function parseFilter(filter: string): TensorNameMatcher {
  const expression = /^\/(.+)\/([a-z]*)$/s.exec(filter);
  if (expression) return compile(filter, expression[1] ?? '', flagsOf(filter, expression[2] ?? ''));
  if (/[*?[]/.test(filter)) return compile(filter, globSource(filter), RE2JS.DOTALL);
  return (tensorName) => tensorName.includes(filter);
}

function flagsOf(filter: string, letters: string): number {
  let flags = 0;
  for (const letter of letters) {
    const flag = FLAGS[letter];
    if (flag === undefined) {
      throw badInput(`filter ${quoted(filter)}: unknown flag "${letter}"; known: i, m, s`);
    }
    flags |= flag;
  }
  return flags;
}

function compile(filter: string, source: string, flags: number): TensorNameMatcher {
  if (source.length > MAX_PATTERN_LENGTH) {
    throw badInput(
      `filter ${quoted(filter)}: ${source.length} characters, at most ${MAX_PATTERN_LENGTH} allowed`,
    );
  }
  try {
    const pattern = RE2JS.compile(source, flags);
    return (tensorName) => pattern.test(tensorName);
  } catch (error) {
    throw badInput(`filter ${quoted(filter)}: ${reasonOf(source, error)}`, error);
  }
}

function reasonOf(source: string, error: unknown): string {
  if (/\(\?<?[=!]|\\[1-9]/.test(source)) {
    return 'lookaround and backreferences are not supported';
  }
  const reason = error instanceof Error ? error.message : String(error);
  return reason.replace(/^error parsing regexp: /, '');
}

/** Anchored, so that a glob is about the whole name. `{a,b}` nests. */
function globSource(glob: string): string {
  let source = '';
  let braces = 0;
  for (let i = 0; i < glob.length; i++) {
    const char = glob[i] ?? '';
    const end = char === '[' ? glob.indexOf(']', i + 2) : -1;
    if (end > 0) {
      source += setSource(glob.slice(i + 1, end));
      i = end;
      continue;
    }
    if (char === '[') throw unclosed(glob, char);
    if (char === '{') braces++;
    source += tokenSource(char, braces);
    if (char === '}' && braces > 0) braces--;
  }
  if (braces > 0) throw unclosed(glob, '{');
  return `^(?:${source})$`;
}

function unclosed(glob: string, bracket: string) {
  return badInput(`filter ${quoted(glob)}: the "${bracket}" is not closed`);
}

function tokenSource(char: string, braces: number): string {
  if (char === '*') return '.*';
  if (char === '?') return '.';
  if (char === '{') return '(?:';
  if (braces > 0 && char === '}') return ')';
  if (braces > 0 && char === ',') return '|';
  return RE2JS.quote(char);
}

function setSource(members: string): string {
  const negated = /^[!^]/.test(members);
  const escaped = members.slice(negated ? 1 : 0).replace(/[\\[\]^&]/g, '\\$&');
  return `[${negated ? '^' : ''}${escaped}]`;
}
