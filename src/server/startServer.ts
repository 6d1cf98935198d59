/** A server that listens, by Node's HTTP. It ends when it is told to; signals are for the command line. */

import type { ServerOptions as HttpOptions, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { badInput } from '../errors.ts';
import type { LanguageModel } from '../model/languageModel.ts';
import { assertGuarded, isLoopback } from './access.ts';
import { createServer, type ServerOptions } from './createServer.ts';

export interface ListenOptions extends Omit<ServerOptions, 'localOnly'> {
  /** 127.0.0.1 unless said otherwise; any other than this machine's own needs a token. */
  readonly host?: string;
  /** 0: one that is free. */
  readonly port?: number;
}

export interface RunningServer {
  /** Such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Takes no more requests; those under way have so long to end. The model stays open. */
  readonly close: (graceMs: number) => Promise<void>;
}

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 8000;

const HTTP_LIMITS: HttpOptions = {
  maxHeaderSize: 16 * 1024,
  // Against clients that send a request byte by byte.
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5000,
  keepAliveTimeout: 5000,
};

/** Each has a socket, and perhaps a place in the queue. */
const MOST_CONNECTIONS = 1024;

/** For the last bytes of answers that are complete. */
const FLUSH_MS = 1000;

export async function startServer(
  model: LanguageModel,
  options: ListenOptions = {},
): Promise<RunningServer> {
  const { host = DEFAULT_HOST, port = DEFAULT_PORT } = options;
  assertGuarded(host, options.token);
  const server = createServer(model, { ...options, localOnly: isLoopback(host) });
  const http = createAdaptorServer({
    fetch: server.fetch,
    serverOptions: HTTP_LIMITS,
    overrideGlobalObjects: false,
  }) as Server;
  http.maxConnections = MOST_CONNECTIONS;
  await listen(http, host, port);
  const address = http.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      await server.drain(graceMs);
      await Promise.race([closed, closeIdle(http)]);
      http.closeAllConnections();
      await closed;
    },
  };
}

async function closeIdle(http: Server): Promise<void> {
  for (let waited = 0; waited < FLUSH_MS; waited += 20) {
    http.closeIdleConnections();
    await setTimeout(20);
  }
}

function listen(http: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException) => reject(refusal(cause, host, port));
    http.once('error', fail);
    http.listen(port, host.replace(/^\[(.*)\]$/, '$1'), () => {
      http.off('error', fail);
      resolve();
    });
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'this machine has no such address',
};

function refusal(cause: NodeJS.ErrnoException, host: string, port: number): Error {
  const reason = REASONS[cause.code ?? ''];
  return reason === undefined ? cause : badInput(`${host}, port ${port}: ${reason}`, cause);
}
