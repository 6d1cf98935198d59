import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { renderFacts } from '../../src/cli/facts.ts';
import {
  elide,
  formatBytes,
  formatCount,
  formatSeconds,
  plural,
  printable,
  shellWord,
  wrap,
} from '../../src/cli/format.ts';
import { renderPlan, renderReport } from '../../src/cli/mergeText.ts';
import type { PlanSummary } from '../../src/merge/merge.ts';

const layout = { columns: 80, colors: picocolors.createColors(false) };

const input = (reference: string, dtypes: readonly string[], ...sizes: number[]) => ({
  ...{ reference, dtypes },
  files: sizes.map((byteLength, i) => ({ name: `${i}`, byteLength, headerSha256: '00' })),
});

const STAGE: PlanSummary = {
  method: 'ties',
  baseModel: 'org/base',
  inputs: [
    input('org/base', ['BF16'], 2.2e9),
    input('./a', ['BF16'], 2.2e9),
    input('./b\u001b[31m', ['F32', 'BF16'], 4e9, 4e8),
  ],
  tensors: 201,
  parameters: 1100048384,
  outputBytes: 2.2e9,
  shards: Array.from({ length: 9 }, (_, i) => ({
    name: `model-0000${i + 1}-of-00009.safetensors`,
    byteLength: 250e6,
  })),
  dtypes: ['BF16'],
  layers: 22,
  vocabulary: 32003,
  bytesToRead: 13.2e9,
  bytesToWrite: 2.2e9,
  freeBytes: 412e9,
  threads: 2,
  estimatedSeconds: 11,
  estimatedMemoryBytes: 164e6,
  resolved: [
    { name: 'normalize', values: 'true' },
    { name: 'input 1: density', values: '0.2 to 0.9 (22 values)' },
  ],
  notes: [
    'the gradient of "density" gives its first value to 3 tensors outside the layers (lm_head.weight...), as in mergekit',
    'a short one',
  ],
};

describe('renderPlan', () => {
  it('fits into 80 columns', () => {
    const text = renderPlan([STAGE], 'my recipe.yml', layout);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).toMatchInlineSnapshot(`
      "plan of my recipe.yml, from headers alone; nothing is written

      method      ties, base_model org/base
      parameters  normalize = true
                  input 1: density = 0.2 to 0.9 (22 values)
      inputs      org/base (base): 2.20 GB, BF16, 1 file
                  ./a: 2.20 GB, BF16, 1 file
                  ./b\\u001b[31m: 4.40 GB, F32 and BF16, 2 files
      output      1,100,048,384 (1.10 B) parameters in 201 tensors, BF16, 22 layers,
                    vocabulary of 32,003, 2.20 GB
      shards      model-00001-of-00009.safetensors: 250.00 MB
                  model-00002-of-00009.safetensors: 250.00 MB
                  model-00003-of-00009.safetensors: 250.00 MB
                  model-00004-of-00009.safetensors: 250.00 MB
                  4 more
                  model-00009-of-00009.safetensors: 250.00 MB
      reads       13.20 GB
      writes      2.20 GB (412.00 GB free)
      estimate    about 11 s, about 164.00 MB of memory, with 2 threads
      notes       the gradient of "density" gives its first value to 3 tensors outside
                    the layers (lm_head.weight...), as in mergekit
                  a short one

      next        the same command without --dry-run"
    `);
  });

  it('names the stages when there are several', () => {
    const stages = [{ ...STAGE, stage: 'first' }, STAGE];
    const text = renderPlan(stages, 'r.yml', layout);
    expect(text.match(/^stage .*$/gm)).toEqual(['stage 1 of 2: first', 'stage 2 of 2: the output']);
  });
});

describe('renderReport', () => {
  it('fits into 80 columns', () => {
    const report = { out: '/x/out', stages: [STAGE], resumed: true, warnings: [] };
    const work = { seconds: 5.43, bytesRead: 13.2e9, bytesWritten: 2.2e9 };
    const next = ['lmfuse inspect out', 'lmfuse diff org/base out'];
    const text = renderReport(report, 'out', work, next, layout);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).toMatchInlineSnapshot(`
      "merged into out
      method      ties, base_model org/base
      inputs      org/base (base): 2.20 GB, BF16, 1 file
                  ./a: 2.20 GB, BF16, 1 file
                  ./b\\u001b[31m: 4.40 GB, F32 and BF16, 2 files
      output      1,100,048,384 (1.10 B) parameters in 201 tensors, BF16, 22 layers,
                    vocabulary of 32,003, 2.20 GB
      notes       the gradient of "density" gives its first value to 3 tensors outside
                    the layers (lm_head.weight...), as in mergekit
                  a short one
      took        5.4 s, 2.84 GB/s (13.20 GB read, 2.20 GB written)
                  resumed: what an earlier run had finished was kept
      next        lmfuse inspect out
                  lmfuse diff org/base out"
    `);
  });
});

describe('format', () => {
  it.each([
    [0, 'under 0.1 s'],
    [0.06, '0.1 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1 min 0 s'],
    [119.7, '2 min 0 s'],
    [3599.4, '59 min 59 s'],
    [3599.6, '1 h 0 min'],
    [7380, '2 h 3 min'],
  ])('%d seconds: %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.00 kB'],
    [2.2e9, '2.20 GB'],
    [5e15, '5000.00 TB'],
  ])('%d bytes: %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('counts', () => {
    expect([formatCount(26784), formatCount(1100048384)]).toEqual([
      '26,784',
      '1,100,048,384 (1.10 B)',
    ]);
    expect([plural(1, 'tensor'), plural(2000, 'tensor')]).toEqual(['1 tensor', '2,000 tensors']);
  });

  it('lets no control or direction characters through', () => {
    expect(printable('a\u001b[31m\u202eb\r\n')).toBe('a\\u001b[31m\\u202eb\\u000d\\u000a');
  });

  it('elides the middle', () => {
    expect(elide('abcdefghij', 10)).toBe('abcdefghij');
    expect(elide('abcdefghij', 5)).toBe('ab…ij');
    expect(elide('abcdefghij', 6)).toBe('ab…hij');
  });

  it('wraps at spaces and keeps long words', () => {
    expect(wrap('one two  three-and-more x', 9)).toEqual(['one two ', 'three-and-more', 'x']);
    expect(wrap('', 9)).toEqual(['']);
  });

  it('quotes for a shell only what needs it', () => {
    expect([shellWord('./a-b_1/c@2'), shellWord('a b'), shellWord("it's"), shellWord('')]).toEqual([
      './a-b_1/c@2',
      "'a b'",
      `'it'\\''s'`,
      "''",
    ]);
  });

  it('hangs the continuation of a fact', () => {
    const facts = [['name', 'a value that is too long for it', 'second']] as const;
    expect(renderFacts(facts, 32).split('\n')).toEqual([
      'name        a value that is too',
      '              long for it',
      '            second',
    ]);
  });
});
