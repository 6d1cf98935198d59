/**
 * What a failure looks like: one sentence on standard error, and the exit code. With --json it is
 * one line of JSON there, `{"error": {"code", "message"}}`, and standard output stays empty.
 */

import { CommanderError } from 'commander';
import { FusionError, type FusionErrorCode } from '../errors.ts';
import { packageVersion } from '../merge/version.ts';
import { type CliContext, colorsFor } from './context.ts';
import { printable } from './format.ts';
import { EXIT_ABORTED } from './interrupts.ts';

const EXIT_CODES: Readonly<Record<FusionErrorCode, number>> = {
  bad_input: 2,
  aborted: EXIT_ABORTED,
  internal: 1,
};

interface Failure {
  readonly code: FusionErrorCode;
  readonly message: string;
  readonly stack?: string;
}

/** Prints the failure; returns the exit code. */
export function reportError(error: unknown, context: CliContext, asJson: boolean): number {
  // Help and version end in an "error" of their own.
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const failure = failureOf(error);
  const { stderr } = context;
  if (asJson) stderr.write(`${JSON.stringify({ error: failure })}\n`);
  else stderr.write(renderFailure(failure, context));
  return EXIT_CODES[failure.code];
}

function failureOf(error: unknown): Failure {
  if (error instanceof CommanderError) return { code: 'bad_input', message: usageMessage(error) };
  if (error instanceof FusionError && error.code !== 'internal') {
    return { code: error.code, message: error.message };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message, stack: stackOf(error) };
}

/** `error: unknown option '--sede'\n(Did you mean --seed?)` in one line without the prefix. */
function usageMessage({ message }: CommanderError): string {
  return message.replace(/^error: /, '').replaceAll('\n', ' ');
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return (error.stack ?? '') + cause;
}

function renderFailure({ code, message, stack = '' }: Failure, context: CliContext): string {
  const colors = colorsFor(context.stderr, context);
  const sentence = printable(message.replaceAll('\n', ' '));
  if (code === 'aborted') return `${sentence}\n`;
  const line = `${colors.red('error:')} ${sentence}\n`;
  if (code === 'bad_input') return line;
  const trace = stack.split('\n').map(printable).join('\n');
  return (
    `${line}${trace}\n` +
    `This is a defect of lmfuse ${packageVersion()}, not of your input. Please file an issue with ` +
    'the command and the lines above; CONTRIBUTING.md says where.\n'
  );
}
