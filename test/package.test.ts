/** What `npm pack` makes, installed in an empty folder, works: the program and the library. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder } from './merge/scratch.ts';

const ROOT = join(import.meta.dirname, '..');
const { path: folder, remove } = scratchFolder();
afterAll(remove);

const project = join(folder, 'project');
let listed: string[] = [];

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: project, encoding: 'utf8' });
}

beforeAll(() => {
  const packed = execFileSync(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
    { cwd: ROOT, encoding: 'utf8' },
  );
  const [{ filename, files }] = JSON.parse(packed) as [
    { filename: string; files: { path: string }[] },
  ];
  listed = files.map(({ path }) => path);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, filename));
}, 120_000);

describe('the package', () => {
  it('holds the program, the library, the kernels and the schemas, and no tests', () => {
    for (const path of [
      'bin/lmfuse.js',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/kernels.wasm',
      'dist/fusion.schema.json',
      'dist/recipe.schema.json',
      'dist/worker.js',
      'dist/lmfuse.js',
      'dist/THIRD_PARTY_LICENSES.txt',
      'README.md',
      'LICENSE',
    ]) {
      expect(listed).toContain(path);
    }
    expect(listed.filter((path) => /^(test|src|bench|demo)\//.test(path))).toEqual([]);
  });

  it('runs as a program', () => {
    expect(run('npx', 'lmfuse', '--version').trim()).toMatch(/^\d+\.\d+\.\d+$/);
    expect(run('npx', 'lmfuse')).toContain('merge');
  });

  it('merges as a library, on worker threads', () => {
    const script = `
      import { merge } from 'lmfuse';
      import { readFileSync } from 'node:fs';
      const report = await merge({ recipe: 'recipe.yml', out: 'out', threads: 2 });
      console.log(report.stages[0].method, readFileSync('out/config.json', 'utf8').length > 0);
    `;
    const models = join(import.meta.dirname, 'golden/models');
    writeFileSync(
      join(project, 'recipe.yml'),
      `merge_method: linear\nmodels:\n${['a', 'b']
        .map((name) => `- {model: ${models}/${name}_fp32, parameters: {weight: 1}}`)
        .join('\n')}`,
    );
    writeFileSync(join(project, 'run.mjs'), script);
    expect(run('node', 'run.mjs').trim()).toBe('linear true');
    expect(readdirSync(join(project, 'out'))).toContain('model.safetensors');
  });

  it('publishes the schemas under their own names', () => {
    const script = `
      import merge from 'lmfuse/recipe.schema.json' with { type: 'json' };
      import fusion from 'lmfuse/fusion.schema.json' with { type: 'json' };
      console.log([merge.title, fusion.title].join(', '));
    `;
    writeFileSync(join(project, 'schema.mjs'), script);
    expect(run('node', 'schema.mjs').trim()).toBe('lmfuse merge recipe, lmfuse fusion recipe');
  });
});
