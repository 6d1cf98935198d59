/** A real HTTP server that behaves as a test tells it to, and remembers what it was asked. */

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach } from 'vitest';
import { FusionError } from '../../../src/errors.ts';
import { type HttpModelOptions, openHttpModel } from '../../../src/model/http/openHttpModel.ts';

export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** `count` is 1 for the first request. */
export type Behaviour = (asked: Asked, response: ServerResponse, count: number) => unknown;

export interface FakeEndpoint {
  readonly origin: string;
  /** `http://127.0.0.1:port/v1#tiny`. */
  readonly name: string;
  readonly asked: readonly Asked[];
  readonly inFlight: () => number;
  readonly maxInFlight: () => number;
  /** Resolves once as many requests have arrived. */
  readonly arrived: (count: number) => Promise<void>;
  /** Requests whose connection the client gave up. */
  readonly abandoned: () => number;
}

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

export async function startEndpoint(behave: Behaviour): Promise<FakeEndpoint> {
  const asked: Asked[] = [];
  const waiters: { count: number; go: () => void }[] = [];
  let inFlight = 0;
  let maxInFlight = 0;
  let abandoned = 0;
  const server = createServer(async (request, response) => {
    maxInFlight = Math.max(maxInFlight, ++inFlight);
    response.on('close', () => {
      inFlight--;
      if (!response.writableFinished) abandoned++;
    });
    const body = JSON.parse((await text(request)) || '{}') as Record<string, unknown>;
    asked.push({ path: request.url ?? '', headers: request.headers, body });
    for (const { count, go } of waiters) if (asked.length >= count) go();
    await behave(asked.at(-1)!, response, asked.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    name: `${origin}/v1#tiny`,
    asked,
    inFlight: () => inFlight,
    maxInFlight: () => maxInFlight,
    abandoned: () => abandoned,
    arrived: (count) =>
      new Promise((resolve) => {
        if (asked.length >= count) resolve();
        else waiters.push({ count, go: resolve });
      }),
  };
}

/** Waits between attempts are short unless a test is about them. */
export function open(endpoint: FakeEndpoint, options: Partial<HttpModelOptions> = {}) {
  return openHttpModel({ name: endpoint.name, backoffMs: 1, ...options });
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export function sendText(response: ServerResponse, body: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body);
}

/** Sends the pieces as they are, one write each, and leaves the response open. */
export function sendPieces(response: ServerResponse, pieces: readonly string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const piece of pieces) response.write(piece);
}

export const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;

export function chatAnswer(content: string | null, more: object = {}, rest: object = {}): object {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    choices: [
      { index: 0, message: { role: 'assistant', content }, finish_reason: 'stop', ...more },
    ],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    ...rest,
  };
}

export function completionAnswer(text: string, more: object = {}): object {
  return {
    id: 'cmpl-1',
    object: 'text_completion',
    choices: [{ index: 0, text, finish_reason: 'stop', ...more }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  };
}

export function chatPiece(content: string, more: object = {}): string {
  return event({ choices: [{ index: 0, delta: { content }, finish_reason: null, ...more }] });
}

/** The error that must come. */
export async function failure(promise: Promise<unknown>): Promise<FusionError> {
  const error = await promise.then(
    (value) => new Error(`succeeded with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof FusionError) return error;
  throw error;
}
