import { afterEach, describe, expect, it, vi } from 'vitest';
import { createProgress } from '../../src/cli/progress.ts';

afterEach(() => void vi.useRealTimers());

/** A display over captured text and a clock that the test moves. */
function open(terminal: { isTTY?: boolean; columns?: number } = {}) {
  const clock = { ms: 1000 };
  let text = '';
  const output = {
    ...terminal,
    write(more: string) {
      text += more;
      return true;
    },
  };
  const display = createProgress(output, () => clock.ms);
  const at = (ms: number, doneBytes: number, label = 'merging') => {
    clock.ms = 1000 + ms;
    display.update({ label, doneBytes, totalBytes: 1e9, movedBytes: 4 * doneBytes });
  };
  return { at, display, text: () => text };
}

describe('progress without a terminal', () => {
  it('is silent for two seconds, then a line every five', () => {
    const { at, text } = open();
    for (let ms = 0; ms < 9000; ms += 100) at(ms, ms * 1e5);
    expect(text()).toBe(
      'merging: 20 %, 400.00 MB/s, 8.0 s left\nmerging: 70 %, 400.00 MB/s, 3.0 s left\n',
    );
  });

  it('takes speed and time left from the last seconds only', () => {
    const { at, text } = open();
    for (let ms = 0; ms <= 1900; ms += 100) at(ms, ms * 1e4);
    for (let ms = 8000; ms <= 9000; ms += 100) at(ms, 2e8 + (ms - 8000) * 1e5);
    expect(text()).toMatch(/^merging: 20 %, \d+\.\d+ MB\/s, \d+ s left\n$/);
  });

  it('says nothing about speed at the start of a phase', () => {
    const { at, text } = open();
    at(0, 5e8);
    at(3000, 1e9, 'syncing');
    expect(text()).toBe('syncing: 100 %\n');
  });

  it('says nothing after it was stopped', () => {
    const { at, display, text } = open();
    at(0, 0);
    display.stop();
    at(5000, 5e8);
    expect(text()).toBe('');
  });

  it('bears a job of no bytes', () => {
    const { display, text } = open();
    display.update({ label: 'merging', doneBytes: 0, totalBytes: 0, movedBytes: 0 });
    expect(text()).toBe('');
  });
});

describe('progress on a terminal', () => {
  it('is a bar of one line that goes away', () => {
    vi.useFakeTimers();
    const { at, display, text } = open({ isTTY: true, columns: 80 });
    at(0, 0);
    at(100, 5e7);
    expect(text()).toBe('');
    at(1000, 5e8);
    expect(text()).toContain(
      `merging ${'█'.repeat(14)}${'░'.repeat(14)} 50 %, 2.00 GB/s, 1.0 s left`,
    );
    display.stop();
    expect(text().endsWith('\u001b[2K')).toBe(true);
    expect(text()).toContain('\u001b[?25h');
    const before = text();
    at(1500, 9e8);
    vi.advanceTimersByTime(1000);
    expect(text()).toBe(before);
  });

  it('is no wider than the terminal', () => {
    vi.useFakeTimers();
    const { at, display, text } = open({ isTTY: true, columns: 40 });
    at(0, 0);
    at(1000, 5e8, 'merging a stage of a long name');
    display.stop();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is cut out
    const lines = text().split(/\u001b(?:\[[?\d;]*[A-Za-z]|[78])/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40);
  });

  it('leaves no trace of a job that is over at once', () => {
    const { at, display, text } = open({ isTTY: true, columns: 80 });
    at(0, 0);
    display.stop();
    expect(text()).toBe('');
  });
});
