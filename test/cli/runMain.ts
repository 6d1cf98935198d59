/** Runs the program in this process, with its streams captured and signals that a test can send. */

import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CliContext, InterruptSignal, Output } from '../../src/cli/context.ts';
import { main } from '../../src/cli/main.ts';

export const GOLDEN = join(import.meta.dirname, '..', 'golden');
export const MODELS = join(GOLDEN, 'models');

export interface RunOptions {
  readonly currentFolder?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What standard input holds; without it, it is a terminal. */
  readonly stdin?: string;
  /** Terminal width of standard output; no terminal without it. */
  readonly columns?: number;
  /** Sent as soon as the program listens to both, before its work has begun. */
  readonly interruptWith?: readonly InterruptSignal[];
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Codes with which the process would have ended at once. */
  readonly exits: readonly number[];
  /** Signal listeners that were left behind. */
  readonly listeners: number;
}

export async function runMain(
  argv: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const written = { stdout: '', stderr: '' };
  const exits: number[] = [];
  const terminal = options.columns ? { isTTY: true, columns: options.columns } : {};
  const emitter = new EventEmitter();
  const stdout: Output = {
    ...terminal,
    write(text) {
      written.stdout += text;
    },
  };
  const stderr: Output = {
    write(text) {
      written.stderr += text;
    },
  };
  const context: CliContext = {
    stdin: {
      isTTY: options.stdin === undefined,
      async *bytes() {
        yield new TextEncoder().encode(options.stdin);
      },
    },
    stdout,
    stderr,
    env: options.env ?? {},
    currentFolder: options.currentFolder ?? MODELS,
    homeFolder: join(MODELS, 'no-home'),
    interrupts: {
      on(signal: InterruptSignal, listener) {
        emitter.on(signal, listener);
        if (emitter.eventNames().length < 2) return;
        for (const each of options.interruptWith ?? []) emitter.emit(each);
      },
      off: (signal: InterruptSignal, listener) => emitter.off(signal, listener),
    },
    exit: (code) => exits.push(code),
  };
  const code = await main(argv, context);
  return { code, exits, listeners: emitter.eventNames().length, ...written };
}

/** A new folder that goes away when the test ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lmfuse-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const recipeOf = (golden: string) => join(GOLDEN, golden, 'recipe.yml');
