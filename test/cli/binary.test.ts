/** The program as users start it: its own process, exit codes, signals, pipes. */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { addFiles, zeros } from '../checkpoint/files.ts';
import { MODELS, recipeOf, scratchFolder } from './runMain.ts';

const ROOT = join(import.meta.dirname, '../..');
const PROGRAM = join(ROOT, 'bin/lmfuse.js');

beforeAll(() => {
  if (existsSync(join(ROOT, 'dist/cli/main.js'))) return;
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs')]);
});

function lmfuse(argv: readonly string[], cwd = MODELS) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...argv], {
    cwd,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('bin/lmfuse.js', () => {
  it('exits with 0 when all is well', () => {
    expect(lmfuse([])).toMatchObject({ status: 0, stderr: '' });
    const out = join(scratchFolder(), 'out');
    expect(lmfuse(['merge', recipeOf('slerp-t04-fp32'), out])).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(lmfuse(['diff', 'base_fp32', out, '--json'])).toMatchObject({ status: 0, stderr: '' });
  });

  it('exits with 2 on bad input', () => {
    expect(lmfuse(['inspect', 'nowhere'])).toMatchObject({ status: 2, stdout: '' });
    expect(lmfuse(['inspect', '--nothing'])).toMatchObject({ status: 2, stdout: '' });
  });

  it('ends quietly when the reader of its output has left', () => {
    const command = `"${process.execPath}" "${PROGRAM}" inspect base_fp32 --json | head -c 10`;
    const { stdout, stderr } = spawnSync('bash', ['-c', command], {
      cwd: MODELS,
      encoding: 'utf8',
    });
    expect([stdout, stderr]).toEqual(['{\n  "refer', '']);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('exits with 130 on %s, and resumes', async (signal) => {
    const folder = scratchFolder();
    const names = Array.from({ length: 16 }, (_, i) => `layers.${i}.w`);
    const weights = zeros(
      ...names.map((name) => ({ name, dtype: 'BF16', shape: [1024, 1024] }) as const),
    );
    addFiles(folder, {
      'base/model.safetensors': weights,
      'a/model.safetensors': weights,
    });
    const recipe =
      'merge_method: della\nbase_model: base\nmodels: [{model: a}]\nparameters: {weight: 1, density: 0.5}\n';
    writeFileSync(join(folder, 'r.yml'), recipe);
    const argv = ['merge', 'r.yml', 'out', '--threads', '1', '--no-sync'];
    const { code, stderr } = await interruptedInTime(argv, folder, signal);
    expect(stderr).toBe(
      'stopping; interrupt again to leave at once\n' +
        'the merge was stopped; the same command resumes it\n',
    );
    expect(code).toBe(130);
    expect(existsSync(join(folder, 'out'))).toBe(false);
    const report = JSON.parse(lmfuse([...argv, '--json'], folder).stdout);
    expect(report).toMatchObject({ resumed: true, warnings: [] });
    expect(existsSync(join(folder, 'out/model.safetensors'))).toBe(true);
  });
});

/** On a busy machine a run can be over before this process has sent the signal; then once more. */
async function interruptedInTime(argv: readonly string[], cwd: string, signal: NodeJS.Signals) {
  for (let attempt = 1; ; attempt++) {
    const result = await interrupted(argv, cwd, signal);
    if (result.code !== 0 || attempt === 10) return result;
    rmSync(join(cwd, 'out'), { recursive: true });
  }
}

/** Runs the program and interrupts it once its journal is there, or it has ended. */
async function interrupted(argv: readonly string[], cwd: string, signal: NodeJS.Signals) {
  const child = spawn(process.execPath, [PROGRAM, ...argv], { cwd });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = new Promise<number | null>((resolve) => child.on('close', resolve));
  const journal = join(cwd, 'out.lmfuse-partial/final/journal.jsonl');
  while (!existsSync(journal) && child.exitCode === null) await setTimeout(2);
  child.kill(signal);
  return { code: await code, stderr };
}
