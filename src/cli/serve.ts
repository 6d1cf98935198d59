/** `lmfuse serve`: a model behind an OpenAI-compatible API. */

import { type Command, InvalidArgumentError } from 'commander';
import type { RequestEntry } from '../server/createServer.ts';
import { DEFAULT_HOST, DEFAULT_PORT, startServer } from '../server/startServer.ts';
import type { CliContext } from './context.ts';
import { printable } from './format.ts';
import { type ModelCommandOptions, runWithModel } from './modelCommand.ts';
import { parseLimit, parseThreads } from './options.ts';

interface ServeOptions extends ModelCommandOptions {
  readonly host?: string;
  readonly port?: number;
  readonly name?: string;
  readonly cors?: string[];
  readonly concurrency?: number;
  readonly queue?: number;
  readonly timeout?: number;
  readonly grace?: number;
}

const EXAMPLES = `
POST /v1/chat/completions, /v1/completions, /v1/embeddings as OpenAI has them,
/v1/classify and /v1/translate; GET /v1/models, /openapi.json, /healthz.
Only this machine is answered. For others name a --host and set
LMFUSE_SERVER_TOKEN, which requests must then bear as their API key.
Ctrl-C ends it when the requests under way are done, a second one at once.

Examples:
  lmfuse serve ./my-chat-model
  lmfuse serve ./sentiment-model --port 9000 --name sentiment
  LMFUSE_SERVER_TOKEN=... lmfuse serve ./my-model --host 0.0.0.0`;

const DEFAULT_GRACE_SECONDS = 30;

export function addServeCommand(program: Command, context: CliContext): void {
  program
    .command('serve')
    .argument('<model>', 'folder, org/name, file or http://host/v1#model')
    .summary('answer requests over HTTP')
    .description('Serves a model by the API of OpenAI.')
    .option('-p, --port <n>', `0 is any that is free (default: ${DEFAULT_PORT})`, parsePort)
    .option('--host <address>', `to listen on (default: ${DEFAULT_HOST})`)
    .option('--name <name>', 'of the model for clients (default: as it is named here)')
    .option('--cors <origin...>', 'pages of these origins may ask; * for all')
    .option('--concurrency <n>', 'requests that run at once (default: 4)', parseLimit)
    .option('--queue <n>', 'requests that wait; more are refused (default: 64)', parseLimit)
    .option('--timeout <seconds>', 'for a request (default: 600)', parseLimit)
    .option(
      '--grace <seconds>',
      `for requests under way at the end (default: ${DEFAULT_GRACE_SECONDS})`,
      parseLimit,
    )
    .option(
      '-j, --threads <n>',
      'threads of the runtime (default: one; all for a large model)',
      parseThreads,
    )
    .option('--onnx-file <name>', 'run this file of the folder onnx/, such as model_quantized')
    .option('--json', 'print {"url"} when it listens')
    .option('-q, --quiet', 'no line per request')
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: ServeOptions) => runServe(name, options, context));
}

function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port < 65536) return port;
  throw new InvalidArgumentError('A port from 0 to 65535 is expected.');
}

async function runServe(name: string, options: ServeOptions, context: CliContext): Promise<void> {
  const { stdout, stderr, env } = context;
  const { grace = DEFAULT_GRACE_SECONDS } = options;
  await runWithModel(name, options, context, async ({ model, request: { signal } }) => {
    const server = await startServer(model, {
      ...listenOptions(options),
      ...(env.LMFUSE_SERVER_TOKEN === undefined ? {} : { token: env.LMFUSE_SERVER_TOKEN }),
      ...(options.quiet ? {} : { onRequest: (entry) => void stderr.write(logLine(entry)) }),
      onFailure: (error) => void stderr.write(failureText(error)),
    });
    if (options.json) stdout.write(`${JSON.stringify({ url: server.url })}\n`);
    else stderr.write(`${printable(model.name)} answers at ${server.url}/v1\n`);
    await aborted(signal);
    if (!options.quiet) stderr.write('finishing; interrupt again to leave at once\n');
    await server.close(grace * 1000);
  });
}

function listenOptions({ timeout, name, ...options }: ServeOptions) {
  const { host, port, cors, concurrency, queue } = options;
  const timeLimitMs = timeout === undefined ? undefined : timeout * 1000;
  const asked = { host, port, cors, concurrency, queue, timeLimitMs, modelId: name };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}

function logLine({ method, path, status, milliseconds }: RequestEntry): string {
  return `${method} ${printable(path)} ${status} ${milliseconds.toFixed(0)} ms\n`;
}

function failureText(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${text.split('\n').map(printable).join('\n')}\n`;
}
