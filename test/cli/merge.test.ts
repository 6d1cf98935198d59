import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addFiles, zeros } from '../checkpoint/files.ts';
import { MODELS, recipeOf, runMain, scratchFolder } from './runMain.ts';

const TIES = recipeOf('ties-d05-fp32');
const DEEP = recipeOf('deep-slerp-g5');

const weights = zeros({ name: 'w', dtype: 'BF16', shape: [4, 4] });

/** A folder with two models and recipes over them. */
function folderWith(files: Record<string, string>): string {
  // Not at the top of what is temporary: its neighbours are anybody's.
  const folder = join(scratchFolder(), 'work');
  addFiles(folder, { 'a/model.safetensors': weights, 'b/model.safetensors': weights, ...files });
  return folder;
}

const LINEAR = 'merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n';

describe('lmfuse merge', () => {
  it('merges, and says what came out and what to try next', async () => {
    const out = join(scratchFolder(), 'out');
    const { code, stdout, stderr } = await runMain(['merge', TIES, out]);
    expect([code, stderr]).toEqual([0, '']);
    expect(existsSync(join(out, 'model.safetensors'))).toBe(true);
    expect(stdout).toContain(`merged into ${out}\n`);
    expect(stdout).toContain('method      ties, base_model base_fp32\n');
    expect(stdout).toContain('base_fp32 (base): 109.25 kB, F32, 1 file\n');
    expect(stdout).toMatch(/output {6}26,784 parameters in 21 tensors, F32, 2 layers, 109.25 kB\n/);
    expect(stdout).toMatch(
      /took {8}[\d.]+ s, [\d.]+ [kMG]B\/s \([\d.]+ [kM]B read, 107.14 kB written\)\n/,
    );
    expect(stdout).toContain(`next        lmfuse inspect ${out}\n`);
    expect(stdout).toContain(`            lmfuse diff base_fp32 ${out}\n`);
  });

  it('suggests commands that work from the current folder', async () => {
    const folder = folderWith({ 'sub/recipe.yml': LINEAR.replaceAll('model: ', 'model: ../') });
    const argv = ['merge', 'sub/recipe.yml', "the 'out'"];
    const { stdout, stderr } = await runMain(argv, { currentFolder: folder });
    expect(stdout, stderr).toContain(`lmfuse diff a 'the '\\''out'\\'''\n`);
    const diff = await runMain(['diff', 'a', "the 'out'"], { currentFolder: folder });
    expect(diff).toMatchObject({ code: 0, stderr: '' });
  });

  it('shows the plan and writes nothing with --dry-run', async () => {
    const out = join(scratchFolder(), 'out');
    const { code, stdout, stderr } = await runMain(['merge', DEEP, out, '--dry-run']);
    expect([code, stderr]).toEqual([0, '']);
    expect([existsSync(out), existsSync(`${out}.lmfuse-partial`)]).toEqual([false, false]);
    for (const name of ['method', 'parameters', 'inputs', 'output', 'shards', 'reads', 'writes']) {
      expect(stdout).toMatch(new RegExp(`^${name} +\\S`, 'm'));
    }
    expect(stdout).toMatch(/^writes .*free\)$/m);
    expect(stdout).toMatch(/^estimate .*of memory/m);
    expect(stdout).toMatch(/^next .*without --dry-run$/m);
  });

  it('prints nothing but errors with --quiet', async () => {
    const out = join(scratchFolder(), 'out');
    const argv = ['merge', TIES, out, '--quiet', '--cuda'];
    expect(await runMain(argv)).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const again = await runMain(argv);
    expect([again.code, again.stdout]).toEqual([2, '']);
    expect(again.stderr).toMatch(/^error: .*already exists.*\n$/);
    expect(await runMain([...argv, '--overwrite'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('prints one JSON document with --json: the report, warnings in it', async () => {
    const out = join(scratchFolder(), 'out');
    const { code, stdout, stderr } = await runMain(['merge', TIES, out, '--json', '--cuda']);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      out,
      resumed: false,
      stages: [{ method: 'ties', baseModel: 'base_fp32', tensors: 21, parameters: 26784 }],
      seconds: expect.any(Number),
      bytesRead: expect.any(Number),
      bytesWritten: 107136,
      warnings: ['--cuda has no effect: merging runs on the processor'],
    });
  });

  it('prints the plan as JSON with --dry-run --json', async () => {
    const { code, stdout } = await runMain(['merge', TIES, 'never', '--dry-run', '--json']);
    expect(code).toBe(0);
    const { stages, warnings, ...rest } = JSON.parse(stdout);
    expect([warnings, rest]).toEqual([[], {}]);
    expect(stages).toHaveLength(1);
    expect(stages[0]).toMatchObject({
      method: 'ties',
      shards: [{ name: 'model.safetensors', byteLength: 109248 }],
      freeBytes: expect.any(Number),
      estimatedSeconds: expect.any(Number),
      resolved: expect.arrayContaining([{ name: 'input 1: density', values: '0.5' }]),
    });
    expect(stages[0].inputs[0]).toMatchObject({ reference: 'base_fp32', dtypes: ['F32'] });
  });

  it('shows each stage of a recipe of several documents', async () => {
    const folder = folderWith({
      'r.yml': `name: first\n${LINEAR}---\n${LINEAR.replace('model: b', 'model: first')}`,
    });
    const { code, stdout } = await runMain(['merge', 'r.yml', 'out'], { currentFolder: folder });
    expect(code).toBe(0);
    expect(stdout).toContain('stage 1 of 2: first\n');
    expect(stdout).toContain('stage 2 of 2: the output\n');
    expect(stdout).toContain('lmfuse diff a out');
  });
});

describe('options of lmfuse merge', () => {
  const planOf = async (...options: string[]) => {
    const argv = ['merge', recipeOf('linear-norm-fp32'), 'never', '--dry-run', '--json'];
    const { stdout, stderr } = await runMain([...argv, ...options]);
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  };

  it.each(['--shard-size', '--out-shard-size'])('%s splits the output', async (option) => {
    const { stages } = await planOf(option, '50kB');
    expect(stages[0].shards.length).toBeGreaterThan(1);
  });

  it.each(['-j', '--threads', '--num-threads'])('%s sets the threads', async (option) => {
    expect((await planOf(option, '3')).stages[0].threads).toBe(3);
  });

  it('--dtype sets the type of the output', async () => {
    expect((await planOf('--dtype', 'bfloat16')).stages[0].dtypes).toEqual(['BF16']);
  });

  it.each(['--seed', '--random-seed'])('%s reaches the record of the output', async (option) => {
    const out = join(scratchFolder(), 'out');
    await runMain(['merge', TIES, out, option, '42', '--no-sync']);
    expect(JSON.parse(readFileSync(join(out, 'lmfuse.json'), 'utf8')).seed).toBe(42);
  });

  it('--hash records the inputs', async () => {
    const out = join(scratchFolder(), 'out');
    await runMain(['merge', TIES, out, '--hash']);
    const { inputs } = JSON.parse(readFileSync(join(out, 'lmfuse.json'), 'utf8'));
    expect(inputs[0].files[0].sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("warns once about each of mergekit's options that has no effect", async () => {
    const idle = [
      '--copy-tokenizer --no-copy-tokenizer --lazy-unpickle --allow-crimes --cuda --cuda -v',
      '--low-cpu-memory --no-low-cpu-memory --lora-merge-cache /c --transformers-cache /t',
      '--write-model-card --no-write-model-card --read-to-gpu --multi-gpu --clone-tensors',
      '--async-write --write-threads 2 --device cuda --no-trust-remote-code --gpu-rich',
    ].flatMap((line) => line.split(' '));
    const { warnings } = await planOf(...idle);
    const flags = new Set(idle.filter((word) => word.startsWith('--')));
    expect(warnings).toHaveLength(flags.size + 1);
    for (const line of warnings) expect(line).toMatch(/^--[a-z-]+ has no effect: \S.*$/);
    expect(new Set(warnings).size).toBe(warnings.length);
  });

  it('prints a warning as a line on stderr', async () => {
    const { stderr } = await runMain(['merge', TIES, 'never', '--dry-run', '--allow-crimes']);
    expect(stderr).toBe(
      'warning: --allow-crimes has no effect: names and shapes decide what can be merged\n',
    );
  });
});

describe('failures of lmfuse merge', () => {
  it.each([
    ['nowhere.yml', /nowhere\.yml: the recipe cannot be read/],
    ['bad.yml', /bad\.yml.*tise.*ties/],
  ])('%s: exit code 2 and one sentence', async (recipe, message) => {
    const folder = folderWith({ 'bad.yml': LINEAR.replace('linear', 'tise') });
    const result = await runMain(['merge', recipe, 'out'], { currentFolder: folder });
    expect([result.code, result.stdout]).toEqual([2, '']);
    expect(result.stderr).toMatch(/^error: [^\n]+\n$/);
    expect(result.stderr).toMatch(message);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('says where it looked for a model, the cache of HF_HOME among them', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'r.yml'), LINEAR.replace('model: a', 'model: org/name'));
    const options = { currentFolder: folder, env: { HF_HOME: '/my/home' } };
    const { code, stderr } = await runMain(['merge', 'r.yml', 'out'], options);
    expect(code).toBe(2);
    expect(stderr).toContain(join('/my/home', 'hub'));
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s: 130, and the same command resumes',
    async (signal) => {
      const currentFolder = folderWith({ 'r.yml': LINEAR });
      const argv = ['merge', 'r.yml', 'out'];
      const result = await runMain(argv, { currentFolder, interruptWith: [signal] });
      expect(result).toMatchObject({ code: 130, stdout: '', exits: [], listeners: 0 });
      expect(result.stderr).toBe(
        'stopping; interrupt again to leave at once\n' +
          'the merge was stopped; the same command resumes it\n',
      );
      expect(existsSync(join(currentFolder, 'out'))).toBe(false);
      const again = await runMain(argv, { currentFolder });
      expect(again).toMatchObject({ code: 0, stderr: '' });
      expect(again.stdout).toContain('resumed: what an earlier run had finished was kept\n');
    },
  );

  it('leaves at once on a second interrupt', async () => {
    const currentFolder = folderWith({ 'r.yml': LINEAR });
    const options = { currentFolder, interruptWith: ['SIGINT', 'SIGTERM'] } as const;
    expect(await runMain(['merge', 'r.yml', 'out'], options)).toMatchObject({ exits: [130] });
  });

  it('reports an interrupt as JSON with --json', async () => {
    const currentFolder = folderWith({ 'r.yml': LINEAR });
    const options = { currentFolder, interruptWith: ['SIGINT'] } as const;
    const { code, stdout, stderr } = await runMain(['merge', 'r.yml', 'out', '--json'], options);
    expect([code, stdout]).toEqual([130, '']);
    expect(JSON.parse(stderr).error.code).toBe('aborted');
  });
});

it('finds models beside the recipe as well as in the current folder', async () => {
  const folder = scratchFolder();
  const recipe = join(folder, 'r.yml');
  writeFileSync(recipe, LINEAR);
  addFiles(folder, { 'a/model.safetensors': weights, 'b/model.safetensors': weights });
  const argv = ['merge', recipe, 'never', '--dry-run'];
  expect(await runMain(argv, { currentFolder: MODELS })).toMatchObject({ code: 0, stderr: '' });
});
