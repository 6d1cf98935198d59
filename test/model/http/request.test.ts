import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parseRetryAfter } from '../../../src/model/http/backoff.ts';
import {
  chatAnswer,
  chatPiece,
  failure,
  open,
  sendJson,
  sendPieces,
  sendText,
  startEndpoint,
} from './fakeEndpoint.ts';

const ask = { prompt: 'hi' };
const hang = () => {};

describe('attempts', () => {
  it.each([408, 409, 429, 500, 502, 503, 529])('are repeated after %i', async (status) => {
    const endpoint = await startEndpoint((_, response, count) =>
      count < 3 ? sendJson(response, {}, status) : sendJson(response, chatAnswer('ok')),
    );
    expect((await open(endpoint).respond.respond(ask)).text).toBe('ok');
    expect(endpoint.asked.length).toBe(3);
    expect(new Set(endpoint.asked.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  it.each([400, 401, 403, 404, 405, 413, 422])('are not repeated after %i', async (status) => {
    const endpoint = await startEndpoint((_, response) =>
      sendJson(response, { error: { message: 'not like\u001b[31m\n that' } }, status),
    );
    const error = await failure(open(endpoint).respond.respond(ask));
    expect(error.code).toBe('bad_input');
    expect(error.message).toBe(
      `${endpoint.origin}/v1/chat/completions: answered ${status}: "not like[31m that"`,
    );
    expect(endpoint.asked.length).toBe(1);
  });

  it('are repeated after a connection that is reset, before and within the answer', async () => {
    const endpoint = await startEndpoint((_, response, count) => {
      if (count === 1) return response.destroy();
      if (count > 2) return sendJson(response, chatAnswer('ok'));
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"choices":', () => response.destroy());
    });
    expect((await open(endpoint).respond.respond(ask)).text).toBe('ok');
    expect(endpoint.asked.length).toBe(3);
  });

  it('are as many as allowed', async () => {
    const endpoint = await startEndpoint((_, response) => sendText(response, 'busy', 503));
    const error = await failure(open(endpoint, { retries: 2 }).respond.respond(ask));
    expect(error.message).toMatch(/answered 503: "busy", in the last of 3 attempts$/);
    expect(endpoint.asked.length).toBe(3);
    await failure(open(endpoint, { retries: 0 }).respond.respond(ask));
    expect(endpoint.asked.length).toBe(4);
  });

  it('say when nobody is there', async () => {
    const endpoint = await startEndpoint(hang);
    const model = open({ ...endpoint, name: 'http://127.0.0.1:9/v1#tiny' }, { retries: 1 });
    expect((await failure(model.respond.respond(ask))).message).toMatch(
      /^http:\/\/127.0.0.1:9\/v1\/chat\/completions: could not be reached.*2 attempts$/,
    );
  });

  it('wait as long as the server asks, in seconds or until a date', async () => {
    const endpoint = await startEndpoint((_, response, count) => {
      const date = new Date(Date.now() + 2000).toUTCString();
      if (count < 3) response.setHeader('retry-after', count === 1 ? '1' : date);
      sendJson(response, count < 3 ? {} : chatAnswer('ok'), count < 3 ? 429 : 200);
    });
    const start = Date.now();
    await open(endpoint).respond.respond(ask);
    // The second wait has 1 to 2 s, as dates have whole seconds.
    expect(Date.now() - start).toBeGreaterThan(1_900);
  });

  it('end when the server asks for more than is sensible', async () => {
    const endpoint = await startEndpoint((_, response) => {
      response.setHeader('retry-after', '3600');
      sendJson(response, {}, 503);
    });
    expect((await failure(open(endpoint).respond.respond(ask))).message).toMatch(
      /answered 503: "{}", and asks to wait 3600 s, which is too long$/,
    );
    expect(endpoint.asked.length).toBe(1);
  });

  it('read Retry-After as the standard says', () => {
    const now = Date.UTC(2015, 9, 21, 7, 27, 30);
    expect(parseRetryAfter('120', now)).toBe(120_000);
    expect(parseRetryAfter('Wed, 21 Oct 2015 07:28:00 GMT', now)).toBe(30_000);
    expect(parseRetryAfter('Wed, 21 Oct 2015 07:27:00 GMT', now)).toBe(0);
    for (const bad of [null, '', 'soon', '-1', '1e9', 'Monday']) {
      expect(parseRetryAfter(bad, now)).toBeUndefined();
    }
  });
});

describe('time limits', () => {
  it('end an attempt without an answer, which is repeated', async () => {
    const endpoint = await startEndpoint((_, response, count) =>
      count === 1 ? hang() : sendJson(response, chatAnswer('ok')),
    );
    const model = open(endpoint, { timeoutMs: 2_000 });
    expect((await model.respond.respond(ask)).text).toBe('ok');
    expect(endpoint.asked.length).toBe(2);
    expect(endpoint.abandoned()).toBe(1);
  });

  it('hold for the body too', async () => {
    const endpoint = await startEndpoint((_, response) => response.write('{'));
    const model = open(endpoint, { timeoutMs: 300, retries: 1 });
    expect((await failure(model.respond.respond(ask))).message).toMatch(
      /: no answer within 300 ms, in the last of 2 attempts$/,
    );
    expect(endpoint.asked.length).toBe(2);
  });

  it('of a stream begin anew with every piece', async () => {
    const endpoint = await startEndpoint(async (_, response) => {
      sendPieces(response, []);
      for (let i = 0; i < 10; i++) {
        await delay(250);
        response.write(i % 2 ? ': still here\n\n' : chatPiece('a'));
      }
      response.end(chatPiece('', { finish_reason: 'stop' }));
    });
    const model = open(endpoint, { timeoutMs: 2_000, idleTimeoutMs: 2_000 });
    expect((await model.respond.respond(ask, { onText: () => {} })).text).toBe('aaaaa');
    expect(endpoint.asked.length).toBe(1);
  });

  it('of a stream that stops are not repeated once text was delivered', async () => {
    const endpoint = await startEndpoint((_, response) => sendPieces(response, [chatPiece('a')]));
    const texts: string[] = [];
    const model = open(endpoint, { idleTimeoutMs: 300 });
    const error = await failure(model.respond.respond(ask, { onText: (t) => texts.push(t) }));
    expect(error.message).toMatch(/: no answer within 300 ms$/);
    expect(texts).toEqual(['a']);
    expect(endpoint.asked.length).toBe(1);
  });

  it('of a stream without text yet are repeated', async () => {
    const endpoint = await startEndpoint((_, response, count) => {
      if (count === 1) return sendPieces(response, [': hello\n\n', chatPiece('')]);
      sendPieces(response, [chatPiece('b', { finish_reason: 'stop' })]);
      response.end();
    });
    const texts: string[] = [];
    await open(endpoint, { idleTimeoutMs: 1_500 }).respond.respond(ask, {
      onText: (text) => texts.push(text),
    });
    expect(texts).toEqual(['b']);
    expect(endpoint.asked.length).toBe(2);
  });
});

describe('the size of an answer', () => {
  it.each([false, true])('is limited (stream: %s)', async (isStream) => {
    const endpoint = await startEndpoint((_, response) => {
      sendPieces(
        response,
        Array.from({ length: 20 }, () => `: ${'x'.repeat(998)}\n`),
      );
      response.end();
    });
    const model = open(endpoint, { maxResponseBytes: 10_000 });
    const onText = () => {};
    const error = await failure(model.respond.respond(ask, isStream ? { onText } : {}));
    expect(error.message).toMatch(/: answered with more than 10000 bytes$/);
    expect(endpoint.asked.length).toBe(1);
  });

  it('is limited for failures, which then have no message', async () => {
    const endpoint = await startEndpoint((_, response) =>
      sendText(response, 'x'.repeat(100_000), 400),
    );
    expect((await failure(open(endpoint).respond.respond(ask))).message).toMatch(/answered 400$/);
    const long = await startEndpoint((_, response) => sendText(response, 'é'.repeat(9_999), 400));
    const { message } = await failure(open(long).respond.respond(ask));
    expect(message.endsWith(`: "${'é'.repeat(300)}..."`)).toBe(true);
  });
});

describe('redirects', () => {
  it('are followed on the same origin, as 307 and 308 alone repeat a request', async () => {
    const endpoint = await startEndpoint((asked, response) => {
      if (asked.path === '/v2/chat/completions') return sendJson(response, chatAnswer('ok'));
      response.writeHead(307, { location: '/v2/chat/completions' }).end();
    });
    const { text } = await open(endpoint, { apiKey: 'k-1234567' }).respond.respond(ask);
    expect(text).toBe('ok');
    expect(endpoint.asked.map(({ path }) => path)).toEqual([
      '/v1/chat/completions',
      '/v2/chat/completions',
    ]);
    expect(endpoint.asked[1]?.body).toEqual(endpoint.asked[0]?.body);
    expect(endpoint.asked[1]?.headers.authorization).toBe('Bearer k-1234567');
  });

  it('without end are an error', async () => {
    const endpoint = await startEndpoint((asked, response) =>
      response.writeHead(308, { location: asked.path }).end(),
    );
    expect((await failure(open(endpoint).respond.respond(ask))).message).toMatch(/without end$/);
    expect(endpoint.asked.length).toBe(4);
  });

  it.each([301, 302, 303, 300])('of status %i are not followed', async (status) => {
    const endpoint = await startEndpoint((_, response) =>
      response.writeHead(status, { location: '/v2' }).end(),
    );
    expect((await failure(open(endpoint).respond.respond(ask))).message).toMatch(
      /redirects to "\/v2", which is not followed; name the right URL$/,
    );
    expect(endpoint.asked.length).toBe(1);
  });

  it('to another origin are not followed', async () => {
    const other = await startEndpoint((_, response) => sendJson(response, chatAnswer('stolen')));
    const endpoint = await startEndpoint((_, response) =>
      response.writeHead(307, { location: `${other.origin}/v1/chat/completions` }).end(),
    );
    const model = open(endpoint, { apiKey: 'k-1234567' });
    expect((await failure(model.respond.respond(ask))).message).toContain(other.origin);
    expect(other.asked).toEqual([]);
  });
});
