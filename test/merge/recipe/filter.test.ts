import { describe, expect, it } from 'vitest';
import { FusionError } from '../../../src/errors.ts';
import { matchesFilter } from '../../../src/merge/recipe/filter.ts';

const name = 'model.layers.12.self_attn.q_proj.weight';

describe('matchesFilter', () => {
  it.each<[string, boolean]>([
    // part of the name
    ['self_attn', true],
    ['layers.12.', true],
    ['mlp', false],
    ['Self_attn', false],
    ['', true],
    ['q_proj.weight', true],
    ['layersX12', false],
    // glob over the whole name
    ['*', true],
    ['*.self_attn.*', true],
    ['self_attn.*', false],
    ['model.*.weight', true],
    ['model.*.bias', false],
    ['*.layers.1?.*', true],
    ['*.layers.?.*', false],
    ['*.[qk]_proj.*', true],
    ['*.[!qk]_proj.*', false],
    ['*.[a-p]_proj.*', false],
    ['*.{q,k}_proj.*', true],
    ['*.{v,{o,up}}_proj.*', false],
    ['*.layers*12.*', true],
    ['model?layers*', true],
    // regular expression, anywhere in the name
    ['/layers\\.1[0-9]\\./', true],
    ['/layers\\.(0|1)\\./', false],
    ['/^self/', false],
    ['/SELF_ATTN/', false],
    ['/SELF_ATTN/i', true],
    ['/(q|k)_proj/', true],
  ])('%s: %s', (filter, expected) => {
    expect(matchesFilter(filter, name)).toBe(expected);
  });

  it('takes characters that mean something to expressions as they are', () => {
    expect(matchesFilter('a+b', 'xa+bx')).toBe(true);
    expect(matchesFilter('(a).$*', '(a).$x')).toBe(true);
    expect(matchesFilter('a.*', 'axb')).toBe(false);
    expect(matchesFilter('*,}', 'x,}')).toBe(true);
    expect(matchesFilter('[]a]*', ']x')).toBe(true);
    expect(matchesFilter('[\\d]*', 'd')).toBe(true);
    expect(matchesFilter('*', 'two\nlines')).toBe(true);
  });

  it.each([
    ['/a(/', 'filter "/a(/": missing closing ): `a(`'],
    ['/a/g', 'filter "/a/g": unknown flag "g"; known: i, m, s'],
    ['/(?=a)/', 'filter "/(?=a)/": lookaround and backreferences are not supported'],
    ['/(a)\\1/', 'filter "/(a)\\\\1/": lookaround and backreferences are not supported'],
    ['/a{1,5000}/', 'filter "/a{1,5000}/": invalid repeat count: `{1,5000}`'],
    ['embed[', 'filter "embed[": the "[" is not closed'],
    ['*{a', 'filter "*{a": the "{" is not closed'],
    [`/${'a'.repeat(301)}/`, `filter "/${'a'.repeat(79)}…": 301 characters, at most 300 allowed`],
  ])('refuses %s', (filter, message) => {
    expect(() => matchesFilter(filter, name)).toThrow(message);
    expect(() => matchesFilter(filter, name)).toThrow(FusionError);
  });

  it('is linear where a backtracking engine would not end', () => {
    const hostile = `${'a'.repeat(20_000)}b`;
    expect(matchesFilter('/^(a+)+$/', hostile)).toBe(false);
    expect(matchesFilter('/(a|aa)+$/', hostile)).toBe(false);
    expect(matchesFilter(`${'*a'.repeat(50)}*c`, hostile)).toBe(false);
    expect(matchesFilter(`/${'.*a'.repeat(50)}c/`, hostile)).toBe(false);
  });
});
