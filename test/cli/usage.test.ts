import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  parseDtype,
  parseLimit,
  parseSeed,
  parseSize,
  parseThreads,
} from '../../src/cli/options.ts';
import { packageVersion } from '../../src/merge/version.ts';
import { addFiles, zeros } from '../checkpoint/files.ts';
import { runMain, scratchFolder } from './runMain.ts';

describe('parseSize', () => {
  it.each([
    ['5GB', 5e9],
    ['5 gb', 5e9],
    ['500MB', 5e8],
    ['1.5GB', 1.5e9],
    ['2GiB', 2 * 2 ** 30],
    ['3MiB', 3 * 2 ** 20],
    ['5B', 5e9],
    ['5G', 5e9],
    ['100M', 1e8],
    ['64k', 64e3],
    ['1TB', 1e12],
    ['123456', 123456],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each([
    '',
    '0',
    '0GB',
    '-1GB',
    'GB',
    '5XB',
    '5GB2',
    '1e9',
    '0x10',
    'NaN',
    '5constructor',
    '9999999TB',
    '.',
  ])('refuses %j', (text) => {
    expect(() => parseSize(text)).toThrow('such as 5GB, 500MB or 2GiB');
  });
});

describe('numbers and dtypes', () => {
  it('takes integers in range', () => {
    expect([parseThreads('0'), parseThreads('256'), parseSeed('-5'), parseLimit('0')]).toEqual([
      0, 256, -5, 0,
    ]);
  });

  it.each([
    [parseThreads, '257', 'An integer from 0 to 256'],
    [parseThreads, '1.5', 'An integer from 0 to 256'],
    [parseThreads, '', 'An integer from 0 to 256'],
    [parseSeed, '1e3', 'An integer is expected'],
    [parseSeed, '9007199254740993', 'An integer is expected'],
    [parseLimit, '-1', 'An integer of 0 or more'],
  ])('%# refuses %j', (parse, text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it('knows dtypes by their names in recipes', () => {
    expect([parseDtype('bfloat16'), parseDtype('fp32'), parseDtype('float64')]).toEqual([
      'BF16',
      'F32',
      'F64',
    ]);
    expect(() => parseDtype('int8')).toThrow('Known: float32');
  });
});

describe('usage errors: exit code 2, one sentence on stderr, nothing on stdout', () => {
  it.each([
    [['merge', 'r', 'o', '--sede', '1'], "unknown option '--sede' (Did you mean --seed?)"],
    [
      ['merge', 'r', 'o', '--random-sede', '1'],
      "unknown option '--random-sede' (Did you mean --random-seed?)",
    ],
    [['diff', 'a', 'b', '--limits', '1'], "unknown option '--limits' (Did you mean --limit?)"],
    [['inspect', 'a', '--zzzzzzzz'], "unknown option '--zzzzzzzz'"],
    [['merg', 'r', 'o'], "unknown command 'merg' (Did you mean merge?)"],
    [['merge', 'r'], "missing required argument 'out'"],
    [['inspect', 'a', 'b'], "too many arguments for 'inspect'. Expected 1 argument but got 2."],
    [['diff', 'a', 'b', '--sort', 'size'], 'Allowed choices are cosine, delta, relative'],
    [['merge', 'r', 'o', '--shard-size', '5XB'], "argument '5XB' is invalid. A size is"],
    [['merge', 'r', 'o', '-j', 'many'], "argument 'many' is invalid. An integer from 0 to 256"],
    [['merge', 'r', 'o', '--dtype', 'int4'], "argument 'int4' is invalid. Known: float32"],
    [
      ['merge', 'r', 'o', '--seed', '1', '--random-seed', '2'],
      "'--random-seed <n>' cannot be used with option '--seed <n>'",
    ],
    [['merge', 'r', 'o', '--trust-remote-code'], '--trust-remote-code is refused: no merge needs'],
  ])('%j', async (argv, message) => {
    const { code, stdout, stderr } = await runMain(argv);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('is one line of JSON with --json', async () => {
    const { code, stdout, stderr } = await runMain(['merge', 'r', 'o', '--sede', '1', '--json']);
    expect([code, stdout]).toEqual([2, '']);
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'bad_input', message: "unknown option '--sede' (Did you mean --seed?)" },
    });
  });

  it('prints no escape sequence that an argument brings along', async () => {
    const { stderr } = await runMain(['inspect', 'a\u001b[31m\nb']);
    expect(stderr).not.toContain('\u001b');
    expect(stderr.split('\n')).toHaveLength(2);
  });
});

describe('help', () => {
  it('is what the program says when it is told nothing', async () => {
    const { code, stdout, stderr } = await runMain([]);
    expect([code, stderr]).toEqual([0, '']);
    for (const command of ['merge', 'inspect', 'diff']) expect(stdout).toContain(`  ${command} `);
  });

  it('prints the version', async () => {
    expect(await runMain(['--version'])).toMatchObject({
      code: 0,
      stdout: `${packageVersion()}\n`,
    });
  });

  it.each([
    ['--help'],
    ['merge', '--help'],
    ['inspect', '--help'],
    ['diff', '--help'],
    ['help', 'merge'],
  ])('%s %s fits into 80 columns and describes every option', async (...argv) => {
    const { code, stdout, stderr } = await runMain(argv);
    expect([code, stderr]).toEqual([0, '']);
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    for (const option of stdout.matchAll(/^ {2}(-.*)$/gm)) expect(option[1]).toMatch(/\S {2,}\S/);
    expect(stdout).toContain('lmfuse ');
  });

  it('follows the width of the terminal', async () => {
    const { stdout } = await runMain(['merge', '--help'], { columns: 160 });
    expect(stdout).toContain(
      'largest output file: 5GB, 500MB, 2GiB; 5B is 5e9 bytes (default: 5GB)',
    );
  });

  it.each([['--help'], ['merge', '--help']])('%s %s shows a recipe that works', async (...argv) => {
    const { stdout } = await runMain(argv);
    const recipe = /^ {2}merge_method:(?:.*\n {2}(?!YAML).*)*/m.exec(stdout)![0];
    const currentFolder = scratchFolder();
    const weights = zeros({ name: 'w', dtype: 'F32', shape: [2] });
    addFiles(currentFolder, { 'a/model.safetensors': weights, 'b/model.safetensors': weights });
    writeFileSync(join(currentFolder, 'recipe.yml'), recipe.replaceAll(/^ {2}/gm, ''));
    const result = await runMain(['merge', 'recipe.yml', 'out'], { currentFolder });
    expect(result).toMatchObject({ code: 0, stderr: '' });
  });
});
