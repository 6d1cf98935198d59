/** What every request passes before it is read: a flight to be in, and the right to ask. */

import type { Context, Hono, Next } from 'hono';
import { cors } from 'hono/cors';
import { checkHost, checkToken } from './access.ts';
import type { ServerOptions } from './createServer.ts';
import { type Flight, type Flights, shuttingDown } from './flights.ts';
import { HEALTH_PATH } from './openApi.ts';

export interface Variables {
  flight: Flight;
  /** Of an answer that goes on when its headers are sent. */
  ended?: Promise<void>;
}

export type App = Hono<{ Variables: Variables }>;
export type AppContext = Context<{ Variables: Variables }>;

export function addGuards(
  app: App,
  flights: Flights,
  options: ServerOptions,
  isDraining: () => boolean,
): void {
  const { token, localOnly = true, cors: origins = [], onRequest } = options;
  app.use((c, next) => inFlight(c, next, flights, onRequest));
  app.use(async (c, next) => {
    if (localOnly) checkHost(c.req.raw);
    await next();
  });
  if (origins.length > 0) {
    app.use(cors({ origin: [...origins], allowMethods: ['GET', 'POST'], maxAge: 600 }));
  }
  app.use(async (c, next) => {
    if (isDraining()) throw shuttingDown();
    if (c.req.path !== HEALTH_PATH) checkToken(c.req.raw, token);
    await next();
  });
}

async function inFlight(
  c: AppContext,
  next: Next,
  flights: Flights,
  onRequest: ServerOptions['onRequest'],
): Promise<void> {
  const start = performance.now();
  const flight = flights.begin(c.req.raw.signal);
  c.set('flight', flight);
  const end = () => {
    flight.end();
    const { aborted, reason } = flight.signal;
    onRequest?.({
      ...{ method: c.req.method, path: c.req.path },
      status: aborted ? reason.status : c.res.status,
      milliseconds: performance.now() - start,
    });
  };
  await next();
  const ended = c.get('ended');
  if (ended) void ended.then(end);
  else end();
}
