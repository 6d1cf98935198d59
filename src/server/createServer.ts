/**
 * The server as a function from requests to responses; it listens nowhere (startServer.ts).
 *
 *   request -> host, origin, token -> body, schema -> queue -> the model -> answer or events
 */

import { Hono } from 'hono';
import { packageVersion } from '../merge/version.ts';
import type { LanguageModel } from '../model/languageModel.ts';
import { assertToken } from './access.ts';
import { ApiError, apiErrorOf, errorResponse } from './apiError.ts';
import { createFlights, type Flights } from './flights.ts';
import { type App, addGuards, type Variables } from './guards.ts';
import { type ServerLimits, serverLimits } from './limits.ts';
import { DESCRIPTION_PATH, HEALTH_PATH, openApiDocument } from './openApi.ts';
import { addEndpoints, type OnError } from './routes.ts';
import type { Service } from './service.ts';

/** A request that is over, for a log: nothing that was in it, and no query. */
export interface RequestEntry {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** From its arrival to the last byte. */
  readonly milliseconds: number;
}

export interface ServerOptions extends Partial<ServerLimits> {
  /** The model's name for clients; its own unless said otherwise. */
  readonly modelId?: string;
  /** What requests must bear; without it, anyone who reaches the server may ask. */
  readonly token?: string;
  /** Answers to the names of this machine alone: see access.ts. True unless said otherwise. */
  readonly localOnly?: boolean;
  /** Origins whose pages may ask, such as `https://example.org`; `*` for all of them. */
  readonly cors?: readonly string[];
  readonly onRequest?: (entry: RequestEntry) => void;
  /** Hears of defects, of which clients are told nothing. */
  readonly onFailure?: (error: unknown) => void;
  /** Gives a number from 0 to 2^32 - 1. */
  readonly drawSeed?: () => number;
}

export interface ModelServer {
  readonly fetch: (request: Request) => Promise<Response>;
  /** Takes no more requests; those under way have so long to end, and are then stopped. */
  readonly drain: (graceMs: number) => Promise<void>;
}

/** The model stays the caller's, who closes it. */
export function createServer(model: LanguageModel, options: ServerOptions = {}): ModelServer {
  assertToken(options.token);
  const limits = serverLimits(options);
  const flights = createFlights(limits.timeLimitMs);
  let isDraining = false;
  const app: App = new Hono<{ Variables: Variables }>();
  const onError = errorTeller(options);
  app.onError((error, c) => errorResponse(onError(error, c.get('flight'))));
  app.notFound(({ req }) => errorResponse(nothingAt(req.path)));
  addGuards(app, flights, options, () => isDraining);
  addEndpoints(app, limits, serviceOf(model, options), onError);
  app.get(HEALTH_PATH, (c) => c.json({ status: 'ok' }));
  const hasToken = options.token !== undefined;
  app.get(DESCRIPTION_PATH, (c) => c.json(openApiDocument(packageVersion(), hasToken)));
  return {
    fetch: async (request) => app.fetch(request),
    async drain(graceMs) {
      isDraining = true;
      await endedWithin(flights, graceMs);
      flights.stopAll();
      await endedWithin(flights, STOP_MS);
    },
  };
}

/** A step of a large model, after which a request that was stopped is over. */
const STOP_MS = 2000;

async function endedWithin(flights: Flights, milliseconds: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([flights.ended(), timeout]);
  clearTimeout(timer);
}

/** A request that was stopped failed by that, whatever the model threw. */
function errorTeller({ onFailure }: ServerOptions): OnError {
  return (error, { signal }) => {
    const told = apiErrorOf(signal.aborted ? signal.reason : error);
    if (told.status === 500) onFailure?.(error);
    return told;
  };
}

function nothingAt(path: string): ApiError {
  return new ApiError(404, `there is nothing at ${path}; /openapi.json tells what there is`, {
    code: 'not_found',
  });
}

function serviceOf(model: LanguageModel, options: ServerOptions): Service {
  return {
    model,
    modelId: options.modelId ?? model.name,
    created: Math.floor(Date.now() / 1000),
    drawSeed: options.drawSeed ?? (() => crypto.getRandomValues(new Uint32Array(1))[0]!),
  };
}
