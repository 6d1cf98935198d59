import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { CliContext } from '../../src/cli/context.ts';
import { reportError } from '../../src/cli/reportError.ts';
import { badInput, FusionError } from '../../src/errors.ts';

function report(
  error: unknown,
  options: { json?: boolean; isTTY?: boolean; noColor?: boolean } = {},
) {
  let text = '';
  const stderr = {
    isTTY: options.isTTY ?? false,
    write(more: string) {
      text += more;
    },
  };
  const context: CliContext = {
    ...{ stdout: stderr, stderr, currentFolder: '/', homeFolder: '/' },
    env: options.noColor ? { NO_COLOR: '1' } : {},
    stdin: { isTTY: true, bytes: async function* () {} },
    interrupts: new EventEmitter(),
    exit: () => {},
  };
  return { code: reportError(error, context, options.json ?? false), text };
}

describe('reportError', () => {
  it('prints bad input as one sentence', () => {
    expect(report(badInput('a: is\nwrong\u001b[1m'))).toEqual({
      code: 2,
      text: 'error: a: is wrong\\u001b[1m\n',
    });
  });

  it('prints an abort as it is', () => {
    expect(report(new FusionError('aborted', 'stopped'))).toEqual({ code: 130, text: 'stopped\n' });
  });

  it('prints a defect with stack, cause and what to do', () => {
    const error = new FusionError('internal', 'a worker failed', { cause: new TypeError('why') });
    for (const defect of [error, new Error('a worker failed', { cause: new TypeError('why') })]) {
      const { code, text } = report(defect);
      expect(code).toBe(1);
      expect(text).toMatch(/^error: a worker failed\n/);
      expect(text).toContain('failures.test.ts');
      expect(text).toContain('caused by TypeError: why');
      expect(text).toMatch(/This is a defect of lmfuse [\d.]+, not of your input\. Please file/);
    }
  });

  it('is one line of JSON with --json', () => {
    const { code, text } = report(new Error('broken'), { json: true });
    expect([code, text.split('\n').length]).toEqual([1, 2]);
    expect(JSON.parse(text).error).toMatchObject({
      code: 'internal',
      message: 'broken',
      stack: expect.stringContaining('failures.test.ts'),
    });
    expect(report('a string', { json: true }).text).toContain('"message":"a string"');
  });

  it('is red on a terminal, unless NO_COLOR is set', () => {
    expect(report(badInput('x'), { isTTY: true }).text).toBe('\u001b[31merror:\u001b[39m x\n');
    expect(report(badInput('x'), { isTTY: true, noColor: true }).text).toBe('error: x\n');
  });
});
