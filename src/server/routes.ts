/** From the table of endpoints to routes. */

import { checkJson } from './access.ts';
import { ApiError, errorBody } from './apiError.ts';
import { type Asked, GET_ENDPOINTS, POST_ENDPOINTS, type PostEndpoint } from './endpoints.ts';
import { eventStream } from './eventStream.ts';
import type { Flight } from './flights.ts';
import type { App, AppContext } from './guards.ts';
import type { ServerLimits } from './limits.ts';
import { createQueue, type Queue } from './queue.ts';
import { readJson } from './readBody.ts';
import type { Service } from './service.ts';

/** Tells what the client is told, and whoever must hear of it. */
export type OnError = (error: unknown, flight: Flight) => ApiError;

export function addEndpoints(
  app: App,
  limits: ServerLimits,
  service: Service,
  onError: OnError,
): void {
  const queue = createQueue(limits);
  for (const { path, parameter, answer } of GET_ENDPOINTS) {
    const route = parameter === undefined ? path : `${path}:${parameter}{.+}`;
    app.get(route, (c) => c.json(answer(service, c.req.param(parameter ?? '') ?? '')));
    app.all(route, () => notAllowed('GET'));
  }
  for (const endpoint of POST_ENDPOINTS) {
    app.post(endpoint.path, async (c) => {
      const asked = await askedOf(c, endpoint, limits, service);
      return answerTo(asked, c, service, queue, onError);
    });
    app.all(endpoint.path, () => notAllowed('POST'));
  }
}

async function askedOf(
  { req }: AppContext,
  { parse }: PostEndpoint,
  { bodyBytes }: ServerLimits,
  service: Service,
): Promise<Asked> {
  checkJson(req.raw);
  return parse(await readJson(req.raw, bodyBytes), service);
}

async function answerTo(
  { answer, stream }: Asked,
  c: AppContext,
  service: Service,
  queue: Queue,
  onError: OnError,
): Promise<Response> {
  const flight = c.get('flight');
  const { signal } = flight;
  const call = { ...service, signal };
  if (!stream) return c.json(await queue.run(signal, () => answer(call)));
  const { response, ended } = await eventStream(
    (send) => queue.run(signal, () => stream(call, send)),
    {
      onCancel: flight.leave,
      errorEvent: (error) => errorBody(onError(error, flight)),
    },
  );
  c.set('ended', ended);
  return response;
}

function notAllowed(method: string): never {
  throw new ApiError(405, `the method here is ${method}`, {
    code: 'method_not_allowed',
    headers: { Allow: method },
  });
}
