/**
 * The documents are a promise: every recipe in them is merged or opened, every command and program is run (on
 * tiny models under the names that the documents use), the tables of methods and of their parameters
 * are those of the code, every option exists and every link leads somewhere.
 */

import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { merge } from '../src/merge/merge.ts';
import type { MergeMethod, ParameterSpec } from '../src/merge/method/method.ts';
import { MERGE_METHODS } from '../src/merge/method/registry.ts';
import { recipeSchema } from '../src/merge/recipe/schema.ts';
import { openRecipe } from '../src/open.ts';
import { blocks, fileNameOf, isFusion, PAGES, ROOT, read, tableRows } from './documents.ts';
import { f32, scratchFolder, writeModel } from './merge/scratch.ts';
import { FAMILIES } from './model/family.ts';
import { byteTokenizer, withTokenizer } from './model/tinyTokenizer.ts';

const GOLDEN = join(import.meta.dirname, 'golden/models');

/** Models that the pages run, and the tiny checkpoints that stand for them. */
const RUNNABLE = {
  sentiment: 'bert',
  'sentiment-a': 'bert',
  'sentiment-b': 'distilbert',
  writer: 'llama',
  translator: 'marian',
  'translator-a': 'marian',
  'translator-b': 'marian',
};

/** Those that are fused by bytes have tokenizers of their own, made of single characters and these. */
const BYTE_LEVEL = { captions: ['do', 'ru'], stories: ['og', 'un', 'ns'] };

const LABELS = ['negative', 'neutral', 'positive'];

const { path: folder, remove } = scratchFolder();
beforeAll(() => {
  for (const name of ['base', 'a', 'b', 'c']) {
    cpSync(join(GOLDEN, `${name}_fp32`), join(folder, 'models', name), { recursive: true });
  }
  for (const [name, family] of Object.entries(RUNNABLE)) {
    const copy = withTokenizer(join(FAMILIES, family));
    cpSync(copy, join(folder, 'models', name), { recursive: true });
  }
  for (const [name, pairs] of Object.entries(BYTE_LEVEL)) {
    const copy = withTokenizer(join(FAMILIES, 'llama'), byteTokenizer(pairs));
    cpSync(copy, join(folder, 'models', name), { recursive: true });
  }
  const rows = Array.from({ length: 24 }, (_, i) => [`w${i} w${3 * i}`, LABELS[i % 3]].join('\t'));
  writeFileSync(join(folder, 'dev.tsv'), `text\tlabel\n${rows.join('\n')}\n`);
  const pairs = rows.map((row) => row.replace(/\S+$/, 'w7'));
  writeFileSync(join(folder, 'val.tsv'), `source\ttarget\n${pairs.join('\n')}\n`);
  writeFileSync(join(folder, 'reviews.tsv'), 'text\tlabel\nw1 w2\tpositive\nw3\tnegative\n');
  writeFileSync(join(folder, 'prompts.txt'), 'w1 w2\nw3 w4\n');
  writeFileSync(join(folder, 'sentences.tsv'), 'source\ttarget\nw1 w2\tw3\n');
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

  it.each(recipes.filter(([, text]) => !isFusion(text)))('of %s', async (_page, text) => {
    const recipe = join(folder, 'recipe.yml');
    const out = join(folder, 'out');
    writeFileSync(recipe, text);
    rmSync(out, { recursive: true, force: true });
    await merge({ recipe, out, currentFolder: folder });
    expect(existsSync(join(out, 'model.safetensors'))).toBe(true);
  });

  it.each(recipes.filter(([, text]) => isFusion(text)))('of fusions of %s', async (_page, text) => {
    writeFileSync(join(folder, 'fusion.yml'), text);
    const { model, recipe } = await openRecipe('fusion.yml', { currentFolder: folder }, true);
    expect(model.members.length).toBe(recipe.members.length);
    await model.close();
  });
});

/** Under the names that a page's commands have for them. */
function writeRecipes(page: string): void {
  for (const text of blocks(page, 'yaml')) {
    const name = fileNameOf(text);
    if (name !== undefined) writeFileSync(join(folder, name), text);
  }
}

/** `translate mt.yml "w1 w2"` of `npx lmfuse translate mt.yml "w1 w2"`. */
function argumentsOf(line: string): string[] {
  const words = line.match(/"[^"]*"|\S+/g) ?? [];
  return words.slice(2).map((word) => word.replaceAll('"', ''));
}

function program(args: readonly string[]) {
  return spawnSync(process.execPath, [join(ROOT, 'bin/lmfuse.js'), ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
}

/** On a port that is free; stopping it must end it well. */
async function startServing(args: readonly string[]) {
  const all = [join(ROOT, 'bin/lmfuse.js'), ...args, '--port', '0', '--json'];
  const child = spawn(process.execPath, all, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
  };
  for await (const line of createInterface(child.stdout)) {
    return { origin: JSON.parse(line).url as string, stop };
  }
  throw new Error(`${args.join(' ')}: did not listen`);
}

describe('keys of a recipe', () => {
  it('are told, all of them', () => {
    const told = tableRows(read('docs/recipes.md')).map(([key = '']) => /^`(.+)`$/.exec(key)?.[1]);
    expect(told.filter((key) => key !== undefined).sort()).toEqual(
      Object.keys(recipeSchema.shape).sort(),
    );
  });
});

describe('commands', () => {
  const all = PAGES.flatMap((page) =>
    blocks(page, '').flatMap((block) =>
      block
        .split('\n')
        .map((line) => line.replace(/\s+#.*$/, '').trim())
        .filter((line) => /^(npx lmfuse|curl) /.test(line))
        .map((line) => [page, line] as const),
    ),
  );
  const isServed = (line: string) => /^(npx lmfuse serve|curl) /.test(line);
  const lines = all.filter(([, line]) => !isServed(line));

  it('are there', () => expect(lines.length).toBeGreaterThan(8));

  it('run, one after the other', () => {
    writeRecipes('README.md');
    for (const [page, line] of lines) {
      const args = argumentsOf(line);
      writeRecipes(page);
      if (args[0] === 'fit') rmSync(join(folder, args.at(-1) ?? ''), { force: true });
      if (args[0] === 'merge' && !args.includes('--overwrite') && !args.includes('--dry-run')) {
        rmSync(join(folder, 'merged'), { recursive: true, force: true });
      }
      const run = program(args);
      expect(`${page}: ${line}: ${run.status} ${run.stderr}`).toContain(`${line}: 0 `);
    }
  });

  it('servers answer what is asked after them', async () => {
    const served = all.filter(([, line]) => isServed(line));
    expect(served.length).toBeGreaterThan(8);
    let stop = async () => {};
    let origin = '';
    for (const [page, line] of served) {
      if (line.startsWith('npx')) {
        await stop();
        writeRecipes(page);
        ({ origin, stop } = await startServing(argumentsOf(line)));
        continue;
      }
      const command = line.replace('http://127.0.0.1:8000', origin);
      const run = spawnSync('sh', ['-c', `${command} --silent --show-error --fail-with-body`], {
        encoding: 'utf8',
      });
      expect(`${line}: ${run.status} ${run.stdout}${run.stderr}`).toContain(`${line}: 0 `);
    }
    await stop();
  });

  it('options that are named exist', () => {
    const commands = ['merge', 'inspect', 'diff', 'predict', 'generate', 'translate', 'score'];
    const help = [...commands, 'embed', 'convert', 'serve', 'fit', 'explain'].map(
      (name) => program([name, '--help']).stdout,
    );
    const known = new Set(help.join(' ').match(/--[a-z][a-z-]*/g));
    const named = PAGES.flatMap((page) =>
      (read(page).match(/(?<![\w-])--[a-z]+(-[a-z]+)*(?![\w-])/g) ?? []).map(
        (option) => [page, option] as const,
      ),
    );
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter(([, option]) => !known.has(option))).toEqual([]);
  });

  it('npm scripts that are named exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = PAGES.flatMap((page) =>
      [...read(page).matchAll(/npm (?:run )?(demo|test|bench|lint|types)\b/g)].map((m) => m[1]!),
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe('programs', () => {
  const programs = PAGES.flatMap((page) => blocks(page, 'ts').map((text) => [page, text] as const));

  it('are there', () => expect(programs.length).toBeGreaterThan(0));

  it.each(programs)('of %s run', (_page, text) => {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    const installed = join(folder, 'node_modules/lmfuse');
    if (!existsSync(installed)) symlinkSync(ROOT, installed, 'junction');
    writeRecipes('README.md');
    writeFileSync(join(folder, 'program.mjs'), text);
    rmSync(join(folder, 'merged'), { recursive: true, force: true });
    const run = spawnSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(run.status, run.stderr).toBe(0);
    const merges = text.includes('merge(');
    expect(existsSync(join(folder, 'merged/model.safetensors'))).toBe(merges);
  });
});

describe('table of methods', () => {
  const BASE = {
    none: 'not an input',
    endpoint: 'required; it is one of the two',
    optional: 'optional',
    required: 'required',
  };
  const told = new Map(
    tableRows(read('docs/methods/README.md'))
      .filter((cells) => /^\d$/.test(cells[2] ?? ''))
      .map(([link = '', base, reads]) => [/^\[(.+)\]/.exec(link)?.[1], { base, reads }]),
  );

  it('has them all, in order', () => {
    expect([...told.keys()]).toEqual(MERGE_METHODS.map(({ name }) => name));
  });

  it.each(MERGE_METHODS.map((method) => [method.name, method] as const))(
    'tells how often %s reads its inputs',
    async (name, method) => {
      expect(told.get(name)).toEqual({ base: BASE[method.base], reads: String(method.reads) });
      const further = SELECTING.includes(name) ? 1 : 0;
      expect(await readsOf(method)).toBe(method.reads + further);
    },
  );
});

const SHAPE = [64, 64];
/** In a tensor this small a threshold is not predicted, but found in one read more. */
const SELECTING = ['ties', 'breadcrumbs', 'breadcrumbs_ties', 'sce', 'arcee_fusion'];

/** How often a merge reads the bytes of its inputs. */
async function readsOf(method: MergeMethod): Promise<number> {
  const names = ['x', 'y', 'z'].slice(0, method.base === 'endpoint' ? 1 : (method.inputs.max ?? 3));
  const withBase = method.base === 'required' || method.base === 'endpoint';
  const models = ['base', ...names].map((name) => join(folder, 'noise', name));
  models.forEach((model, i) => {
    if (!existsSync(model)) writeModel(model, { w: f32(SHAPE, noise(i + 1)) });
  });
  const [base, ...inputs] = models;
  const recipe = join(folder, 'reads.yml');
  const values =
    'weight: 0.5, density: 0.5, gamma: 0.01, epsilon: 0.1, t: 0.4, select_topk: 0.5, max_iter: 3';
  writeFileSync(
    recipe,
    `merge_method: ${method.name}\n${withBase ? `base_model: ${base}\n` : ''}` +
      `models: [${inputs.map((model) => `{model: ${model}}`).join(', ')}]\n` +
      `parameters: {${values}}\n`,
  );
  const out = join(folder, 'reads');
  rmSync(out, { recursive: true, force: true });
  let read = 0;
  await merge({
    recipe,
    out,
    noSync: true,
    onProgress({ bytesRead }) {
      read = Math.max(read, bytesRead);
    },
  });
  const inputBytes = (inputs.length + (withBase ? 1 : 0)) * SHAPE[0]! * SHAPE[1]! * 4;
  return read / inputBytes;
}

/** A fixed sequence of numbers about 0, another for each seed. */
function noise(seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: SHAPE[0]! * SHAPE[1]! }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

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
    const rows = tableRows(read(`docs/methods/${name}.md`))
      .filter(([first]) => first?.startsWith('`'))
      .map(([key, of, type, value = '', meaning]) => {
        const shown = value === '' || Number.isNaN(Number(value)) ? value : Number(value);
        return `${key?.replaceAll('`', '')}|${of}|${type}|${shown}|${meaning}`;
      });
    expect(rows).toEqual([
      ...Object.entries(method.modelParameters).map(([key, spec]) => row(key, 'model', spec)),
      ...Object.entries(method.globalParameters).map(([key, spec]) => row(key, 'global', spec)),
    ]);
  });
});

describe('links', () => {
  it.each(PAGES)('of %s to its own sections', (page) => {
    const sections = [...read(page).matchAll(/^#+ (.+)$/gm)].map((match) =>
      match[1]!
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    const targets = [...read(page).matchAll(/\]\(#([^)]+)\)/g)].map((match) => match[1]!);
    expect(targets.filter((target) => !sections.includes(target))).toEqual([]);
  });

  it.each(PAGES)('of %s', (page) => {
    const targets = [...read(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1]!)
      .filter((target) => !target.startsWith('http'));
    const broken = targets.filter((target) => !existsSync(resolve(ROOT, dirname(page), target)));
    expect(broken).toEqual([]);
  });
});
