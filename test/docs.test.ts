/**
 * The documents are a promise: every recipe in them is merged, every command is run (on tiny models
 * under the names that the documents use), every table of parameters is that of the code, every link
 * leads somewhere.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { merge } from '../src/merge/merge.ts';
import type { ParameterSpec } from '../src/merge/method/method.ts';
import { MERGE_METHODS } from '../src/merge/method/registry.ts';
import { scratchFolder } from './merge/scratch.ts';

const ROOT = join(import.meta.dirname, '..');
const GOLDEN = join(import.meta.dirname, 'golden/models');
const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'docs/recipes.md',
  'docs/checkpoints.md',
  ...readdirSync(join(ROOT, 'docs/methods')).map((name) => `docs/methods/${name}`),
];

const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');

function blocks(page: string, language: string): string[] {
  const fenced = [...read(page).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
  return fenced.filter((match) => match[1] === language).map((match) => match[2] ?? '');
}

const { path: folder, remove } = scratchFolder();
beforeAll(() => {
  for (const name of ['base', 'a', 'b', 'c']) {
    cpSync(join(GOLDEN, `${name}_fp32`), join(folder, 'models', name), { recursive: true });
  }
});
afterAll(remove);

describe('recipes', () => {
  const recipes = PAGES.flatMap((page) =>
    blocks(page, 'yaml').map((text) => [page, text] as const),
  );

  it('every method has one', () => {
    const missing = MERGE_METHODS.map(({ name }) => `docs/methods/${name}.md`).filter(
      (page) => !recipes.some(([own]) => own === page),
    );
    expect(missing).toEqual([]);
  });

  it.each(recipes)('of %s', async (_page, text) => {
    const recipe = join(folder, 'recipe.yml');
    const out = join(folder, 'out');
    writeFileSync(recipe, text);
    rmSync(out, { recursive: true, force: true });
    await merge({ recipe, out, currentFolder: folder });
    expect(existsSync(join(out, 'model.safetensors'))).toBe(true);
  });
});

describe('commands', () => {
  const lines = PAGES.flatMap((page) =>
    blocks(page, '').flatMap((block) =>
      block
        .split('\n')
        .map((line) => line.replace(/\s+#.*$/, '').trim())
        .filter((line) => line.startsWith('npx lmfuse'))
        .map((line) => [page, line] as const),
    ),
  );

  it('are there', () => expect(lines.length).toBeGreaterThan(8));

  it('run, one after the other', () => {
    writeFileSync(join(folder, 'recipe.yml'), blocks('README.md', 'yaml')[0]!);
    for (const [page, line] of lines) {
      const args = line.split(' ').slice(2);
      if (args[0] === 'merge' && !args.includes('--overwrite') && !args.includes('--dry-run')) {
        rmSync(join(folder, 'merged'), { recursive: true, force: true });
      }
      const run = spawnSync(process.execPath, [join(ROOT, 'bin/lmfuse.js'), ...args], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect(`${page}: ${line}: ${run.status} ${run.stderr}`).toContain(`${line}: 0 `);
    }
  });

  it('npm scripts that are named exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = PAGES.flatMap((page) =>
      [...read(page).matchAll(/npm (?:run )?(demo|test|bench|lint|types)\b/g)].map((m) => m[1]!),
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe('tables of parameters', () => {
  const row = (name: string, of: string, spec: ParameterSpec) => {
    const value = spec.optional
      ? 'optional'
      : spec.default === undefined
        ? 'required'
        : spec.default;
    const shown = typeof value === 'number' ? Number(value) : value;
    return `${name}|${of}|${spec.type}|${shown}|${spec.description}`;
  };

  it.each(MERGE_METHODS.map((method) => [method.name, method] as const))('%s', (name, method) => {
    const rows = [...read(`docs/methods/${name}.md`).matchAll(/^\| `(\w+)`\s*\|(.*)\|$/gm)].map(
      (m) => {
        const [of, type, value, meaning] = m[2]!.split('|').map((cell) => cell.trim());
        const number = value === '' || Number.isNaN(Number(value)) ? value : Number(value);
        return `${m[1]}|${of}|${type}|${number}|${meaning}`;
      },
    );
    expect(rows).toEqual([
      ...Object.entries(method.modelParameters).map(([key, spec]) => row(key, 'model', spec)),
      ...Object.entries(method.globalParameters).map(([key, spec]) => row(key, 'global', spec)),
    ]);
  });
});

describe('links', () => {
  it.each(PAGES)('of %s', (page) => {
    const targets = [...read(page).matchAll(/\]\(([^)#]+)\)/g)]
      .map((match) => match[1]!)
      .filter((target) => !target.startsWith('http'));
    const broken = targets.filter((target) => !existsSync(resolve(ROOT, dirname(page), target)));
    expect(broken).toEqual([]);
  });
});
