import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  chatAnswer,
  chatPiece,
  failure,
  open,
  sendJson,
  sendPieces,
  startEndpoint,
} from './fakeEndpoint.ts';

const ask = { prompt: 'hi' };
const hang = () => {};
const echoOf = (content: unknown) => chatAnswer(String(content));

describe('requests at once', () => {
  it.each([
    [1, { concurrency: 1 }],
    [3, { concurrency: 3 }],
    [4, {}],
  ])('are %i at most, all of them used, in order', async (limit, options) => {
    const endpoint = await startEndpoint(async ({ body }, response) => {
      // Nobody answers before the limit is reached, and each leaves time for one too many.
      await endpoint.arrived(limit);
      await delay(20);
      sendJson(response, echoOf((body.messages as { content: string }[])[0]?.content));
    });
    const model = open(endpoint, options);
    const prompts = Array.from({ length: 12 }, (_, i) => `prompt ${i}`);
    const answers = await Promise.all(prompts.map((prompt) => model.respond.respond({ prompt })));
    expect(answers.map(({ text }) => text)).toEqual(prompts);
    expect(endpoint.maxInFlight()).toBe(limit);
  });

  it('let those go first that came first', async () => {
    const endpoint = await startEndpoint((_, response) => sendJson(response, chatAnswer('')));
    const model = open(endpoint, { concurrency: 1 });
    await Promise.all(
      Array.from({ length: 6 }, (_, seed) => model.respond.respond({ ...ask, seed })),
    );
    expect(endpoint.asked.map(({ body }) => body.seed)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('are freed by failures', async () => {
    const endpoint = await startEndpoint((_, response, count) =>
      count < 4 ? sendJson(response, {}, 400) : sendJson(response, chatAnswer('ok')),
    );
    const model = open(endpoint, { concurrency: 1 });
    for (let i = 0; i < 3; i++) await failure(model.respond.respond(ask));
    expect((await model.respond.respond(ask)).text).toBe('ok');
  });

  it('give no warning when many share one signal', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    const endpoint = await startEndpoint((_, response) => sendJson(response, chatAnswer('')));
    const model = open(endpoint);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 60 }, () => model.respond.respond(ask, { signal })));
    await delay(10);
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });
});

describe('stopping', () => {
  it('before the start sends nothing', async () => {
    const endpoint = await startEndpoint(hang);
    const signal = AbortSignal.abort();
    const error = await failure(open(endpoint).respond.respond(ask, { signal }));
    expect(error.code).toBe('aborted');
    expect(error.message).toBe(`${endpoint.origin}/v1/chat/completions: the request was stopped`);
    expect(endpoint.asked).toEqual([]);
  });

  it('while waiting for a turn leaves the others alone', async () => {
    const endpoint = await startEndpoint(async (_, response) => {
      await delay(100);
      sendJson(response, chatAnswer('ok'));
    });
    const model = open(endpoint, { concurrency: 1 });
    const stop = new AbortController();
    const first = model.respond.respond(ask);
    const second = model.respond.respond(ask, { signal: stop.signal });
    const third = model.respond.respond(ask);
    await endpoint.arrived(1);
    stop.abort();
    expect((await failure(second)).code).toBe('aborted');
    expect((await first).text + (await third).text).toBe('okok');
    expect(endpoint.asked.length).toBe(2);
  });

  it('while the server thinks, and while its answer comes, ends the connection', async () => {
    const behaviours = [hang, (response: { write: (s: string) => void }) => response.write('{')];
    for (const behave of behaviours) {
      const endpoint = await startEndpoint((_, response) => behave(response));
      const stop = new AbortController();
      const answer = open(endpoint).respond.respond(ask, { signal: stop.signal });
      await endpoint.arrived(1);
      await delay(20);
      stop.abort();
      expect((await failure(answer)).code).toBe('aborted');
      await expect.poll(endpoint.abandoned).toBe(1);
      expect(endpoint.asked.length).toBe(1);
    }
  });

  it('within a stream delivers nothing more, not even of the same chunk', async () => {
    const endpoint = await startEndpoint((_, response) =>
      sendPieces(response, [['a', 'b', 'c'].map((text) => chatPiece(text)).join('')]),
    );
    const stop = new AbortController();
    const texts: string[] = [];
    const onText = (text: string) => {
      texts.push(text);
      if (text === 'b') stop.abort();
    };
    const answer = open(endpoint).respond.respond(ask, { signal: stop.signal, onText });
    expect((await failure(answer)).code).toBe('aborted');
    expect(texts).toEqual(['a', 'b']);
    await expect.poll(endpoint.inFlight).toBe(0);
  });

  it.each([{}, { 'retry-after': '60' }])('while waiting to try again: %j', async (headers) => {
    const endpoint = await startEndpoint((_, response) => response.writeHead(503, headers).end());
    const stop = new AbortController();
    const model = open(endpoint, { backoffMs: 1_000_000_000 });
    const answer = model.respond.respond(ask, { signal: stop.signal });
    await endpoint.arrived(1);
    await delay(50);
    stop.abort();
    expect((await failure(answer)).code).toBe('aborted');
    await expect.poll(endpoint.inFlight).toBe(0);
  });

  it('by closing the model stops what is under way and what waits, and all that comes', async () => {
    const endpoint = await startEndpoint(hang);
    const model = open(endpoint, { concurrency: 1 });
    const answers = [model.respond.respond(ask), model.respond.respond(ask)];
    await endpoint.arrived(1);
    await model.close();
    answers.push(model.respond.respond(ask));
    for (const answer of answers) expect((await failure(answer)).code).toBe('aborted');
    await expect.poll(endpoint.abandoned).toBe(1);
    expect(endpoint.asked.length).toBe(1);
  });

  it('passes on what onText throws, and ends the connection', async () => {
    const endpoint = await startEndpoint((_, response) => sendPieces(response, [chatPiece('a')]));
    const onText = () => {
      throw new RangeError('mine');
    };
    await expect(open(endpoint).respond.respond(ask, { onText })).rejects.toThrow(RangeError);
    await expect.poll(endpoint.abandoned).toBe(1);
    expect(endpoint.asked.length).toBe(1);
  });

  it('of one item, when another fails', async () => {
    const endpoint = await startEndpoint(async ({ body }, response) => {
      await endpoint.arrived(3);
      if (body.prompt === 'bad') sendJson(response, { error: 'no' }, 400);
    });
    const items = ['a', 'b', 'bad', 'c', 'd', 'e'].map((text) => ({ id: text, text }));
    const error = await failure(open(endpoint, { concurrency: 3 }).score.scores(items));
    expect(error.message).toContain('answered 400: "no"');
    await expect.poll(endpoint.abandoned).toBe(2);
    expect(endpoint.asked.length).toBe(3);
  });
});
