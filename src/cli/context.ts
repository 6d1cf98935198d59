/**
 * All that the program takes from the process: streams, environment, folders, signals. The one place
 * that touches `process`; tests hand in their own.
 */

import { homedir } from 'node:os';
import picocolors from 'picocolors';
import { hubCacheFolder } from './hubCacheFolder.ts';

/** A stream to print to. */
export interface Output {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export type InterruptSignal = 'SIGINT' | 'SIGTERM';

export interface Interrupts {
  readonly on: (signal: InterruptSignal, listener: () => void) => unknown;
  readonly off: (signal: InterruptSignal, listener: () => void) => unknown;
}

/** Standard input. */
export interface Input {
  readonly isTTY?: boolean;
  readonly bytes: () => AsyncIterable<Uint8Array>;
}

export interface CliContext {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly currentFolder: string;
  readonly homeFolder: string;
  readonly interrupts: Interrupts;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}

export function processContext(): CliContext {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', leaveIfClosed);
  return {
    stdin: { isTTY: process.stdin.isTTY, bytes: () => process.stdin },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    currentFolder: process.cwd(),
    homeFolder: homedir(),
    interrupts: process,
    exit: (code) => process.exit(code),
  };
}

/** The reader of a pipe has left (`| head`): nobody is there to be told anything. */
function leaveIfClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
}

export function cacheFolderOf({ env, homeFolder }: CliContext): string {
  return hubCacheFolder(env, homeFolder);
}

const DEFAULT_COLUMNS = 80;

/** Width to lay text out for. */
export function columnsOf(output: Output): number {
  return output.isTTY && output.columns ? output.columns : DEFAULT_COLUMNS;
}

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Colours on a terminal only, and none where NO_COLOR is set (https://no-color.org). */
export function colorsFor(output: Output, { env }: CliContext): Colors {
  return picocolors.createColors(output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb');
}
