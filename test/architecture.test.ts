/** Holds the table of layers in ARCHITECTURE.md to what the sources import. */

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MERGE_METHODS } from '../src/merge/method/registry.ts';

const SRC = join(import.meta.dirname, '../src');

/** From the bottom up: a folder imports only itself and what stands before it. */
const LAYERS = [
  'errors.ts',
  'io',
  'tensor',
  'kernel',
  'checkpoint',
  'numeric',
  'merge',
  'train',
  'index.ts',
  'cli',
];

/** Where a file, a worker, a hash or a socket is meant. */
const NODE_ALLOWED = [
  /^io\/(fileSource|existing)\.ts$/,
  /^kernel\/load\.ts$/,
  /^checkpoint\//,
  /^train\/textClassifierCheckpoint\.ts$/,
  /^merge\/(execute|run|plan)\//,
  /^merge\/version\.ts$/,
  /^merge\/tokenizer\/readVocabulary\.ts$/,
  /^cli\//,
];

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith(join('kernel', 'assembly')))
  .map((name) => name.replaceAll('\\', '/'));

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const pattern = /(?:import|export)\s[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)/g;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? '');
}

function layerOf(path: string): string {
  return path.split('/')[0] ?? '';
}

describe('layers', () => {
  it('every file is in a layer', () => {
    const unknown = files.filter((file) => !LAYERS.includes(layerOf(file)));
    expect(unknown).toEqual([]);
  });

  it('nothing imports from a layer above its own', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => relative(SRC, resolve(SRC, file, '..', specifier)))
        .filter((target) => LAYERS.indexOf(layerOf(target)) > LAYERS.indexOf(layerOf(file)))
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('methods know neither files nor threads', () => {
    const wrong = files
      .filter((file) => file.startsWith('merge/method/'))
      .flatMap((file) => importsOf(file).map((specifier) => `${file}: ${specifier}`))
      .filter((line) => /node:|\/(execute|plan|run|checkpoint)\//.test(line));
    expect(wrong).toEqual([]);
  });

  it('node: modules only where a file, a worker or a hash is meant', () => {
    const wrong = files.filter(
      (file) =>
        importsOf(file).some((specifier) => specifier.startsWith('node:')) &&
        !NODE_ALLOWED.some((allowed) => allowed.test(file)),
    );
    expect(wrong).toEqual([]);
  });
});

describe('habits', () => {
  it('only the program prints, reads the environment, or exits', () => {
    const wrong = files
      .filter((file) => !file.startsWith('cli/'))
      .filter((file) =>
        /console\.|process\.(env|stdout|stderr|exit)/.test(readFileSync(join(SRC, file), 'utf8')),
      );
    expect(wrong).toEqual([]);
  });

  it('no default exports, no any, no suppressed type errors', () => {
    const wrong = files.filter((file) =>
      /export default|: any\b|as any\b|@ts-(ignore|expect-error|nocheck)/.test(
        readFileSync(join(SRC, file), 'utf8'),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it('every merge method has a page', () => {
    const pages = readdirSync(join(SRC, '../docs/methods'));
    const names = MERGE_METHODS.map(({ name }) => name);
    expect(new Set(names).size).toBe(20);
    expect(names.filter((name) => !pages.includes(`${name}.md`))).toEqual([]);
  });
});
