/** Requests side by side: turns, limits, clients that leave, failures, and the end of a server. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FusionError } from '../../src/errors.ts';
import type { Engine } from '../../src/model/engine/engine.ts';
import { modelOver } from '../../src/model/engineModel.ts';
import type { LanguageModel, RequestOptions } from '../../src/model/languageModel.ts';
import {
  createServer,
  type RequestEntry,
  type ServerOptions,
} from '../../src/server/createServer.ts';
import { hashLogits, noTokenizer, toyModel } from '../model/generate/toyModel.ts';
import { eventsOf, listening, requestTo } from './running.ts';

/** Classifies when it is told to; knows who is waiting and who was stopped. */
function patientModel() {
  const running: { readonly text: string; readonly finish: () => void }[] = [];
  const stopped: string[] = [];
  const logProbabilities = (
    [item]: readonly { text: string }[],
    { signal }: RequestOptions = {},
  ): Promise<Float64Array[]> =>
    new Promise((resolve, reject) => {
      const { text } = item!;
      running.push({ text, finish: () => resolve([Float64Array.of(0)]) });
      signal?.addEventListener('abort', () => {
        stopped.push(text);
        reject(new FusionError('aborted', 'stopped'));
      });
    });
  const model: LanguageModel = {
    name: 'patient',
    classify: { labels: ['a'], logProbabilities },
    close: async () => {},
  };
  return { model, running, stopped };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

function serverOver(model: LanguageModel, options: ServerOptions) {
  const entries: RequestEntry[] = [];
  const failures: unknown[] = [];
  const server = createServer(model, {
    ...options,
    onRequest: (entry) => entries.push(entry),
    onFailure: (error) => failures.push(error),
  });
  const classify = (input: string, signal?: AbortSignal) =>
    server.fetch(requestTo('/v1/classify', { input }, signal ? { signal } : {}));
  return { ...server, classify, entries, failures };
}

describe('turns', () => {
  it('are taken in order, so many at once, and the others come again later', async () => {
    const { model, running } = patientModel();
    const { classify } = serverOver(model, { concurrency: 2, queue: 1 });
    const answers = ['1', '2', '3'].map((text) => classify(text));
    await until(() => running.length === 2);
    const refused = await classify('4');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await refused.json()).error).toMatchObject({
      code: 'overloaded',
      type: 'server_error',
    });
    running[0]!.finish();
    await until(() => running.length === 3);
    expect(running.map(({ text }) => text)).toEqual(['1', '2', '3']);
    for (const { finish } of running) finish();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('are given up by clients that leave, running or waiting', async () => {
    const { model, running, stopped } = patientModel();
    const { classify, entries } = serverOver(model, { concurrency: 1, queue: 2 });
    const [first, second] = [new AbortController(), new AbortController()];
    const answers = [classify('1', first.signal), classify('2', second.signal), classify('3')];
    await until(() => running.length === 1);
    second.abort();
    await answers[1];
    first.abort();
    await until(() => running.length === 2);
    expect(running[1]!.text).toBe('3');
    expect(stopped).toEqual(['1']);
    running[1]!.finish();
    expect((await answers[2]!).status).toBe(200);
    expect(entries.map(({ status }) => status)).toEqual([499, 499, 200]);
  });

  it('end after their time', async () => {
    const { model, stopped } = patientModel();
    const { classify } = serverOver(model, { timeLimitMs: 20 });
    const answer = await classify('1');
    expect(answer.status).toBe(504);
    expect((await answer.json()).error).toMatchObject({
      ...{ code: 'timeout', message: 'the request was stopped after 0.02 seconds' },
    });
    expect(stopped).toEqual(['1']);
  });
});

/** Writes without end, a token a millisecond. */
function endlessModel() {
  const inner = toyModel(10, hashLogits(10, 1), {
    tokenizer: { ...noTokenizer, encode: () => [1] },
  });
  const start: typeof inner.start = async (inputs, options) => {
    const stream = await inner.start(inputs, options);
    const advance: typeof stream.advance = async (parents, tokens, given) => {
      await sleep(1);
      await stream.advance(parents, tokens, given);
    };
    return { ...stream, advance };
  };
  const model = { name: 'endless', next: { ...inner, start }, close: async () => {} };
  return { model, openStreams: inner.openStreams };
}

const ENDLESS = { prompt: 'x', max_tokens: 1e9, stream: true } as const;

describe('streams', () => {
  it('end when the client hangs up, and free their turn', async () => {
    const { model, openStreams } = endlessModel();
    const entries: RequestEntry[] = [];
    const { client } = await listening(model, {
      ...{ concurrency: 1, queue: 0, onRequest: (entry) => entries.push(entry) },
    });
    const stream = await client.completions.create({ model: 'endless', ...ENDLESS });
    for await (const _ of stream) break;
    await until(() => entries.length === 1);
    expect(entries[0]!.status).toBe(499);
    expect(openStreams()).toBe(0);
    const { choices } = await client.completions.create({
      ...{ model: 'endless', prompt: 'x', max_tokens: 2 },
    });
    expect(choices[0]!.finish_reason).toBe('length');
  });

  it('tell a failure after their beginning in an event, which clients throw', async () => {
    const { model } = endlessModel();
    const { client } = await listening(model, { timeLimitMs: 100 });
    const stream = await client.completions.create({ model: 'endless', ...ENDLESS });
    const reading = (async () => {
      for await (const _ of stream);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'timeout' });
  });

  it('tell a failure before their beginning by status', async () => {
    const { model } = endlessModel();
    const { fetch } = createServer({ ...model, next: { ...model.next, maxTokens: 1 } });
    const answer = await fetch(requestTo('/v1/completions', { ...ENDLESS, prompt: [1, 2, 3] }));
    expect(answer.status).toBe(400);
    expect((await answer.json()).error.message).toMatch(/3 tokens, but the model's maximum is 1/);
  });

  it('give back the memory of a start that was stopped', async () => {
    const ended: number[] = [];
    let begin: (row: Float32Array) => void = () => {};
    const engine = {
      facts: { task: 'causal', outcomes: 2, width: 0 },
      start: () => new Promise<Float32Array>((resolve) => (begin = resolve)),
      end: async (stream: number) => void ended.push(stream),
    } as unknown as Engine;
    const files = { name: 'm', config: {}, generationConfig: {}, tokenizer: noTokenizer };
    const stop = new AbortController();
    const starting = modelOver(engine, files).next!.start([[1]], { signal: stop.signal });
    stop.abort();
    await expect(starting).rejects.toMatchObject({ code: 'aborted' });
    expect(ended).toEqual([]);
    begin(new Float32Array(2));
    await until(() => ended.length === 1);
  });
});

describe('defects', () => {
  it('are told to the owner, and to nobody else', async () => {
    const broken = new Error('secret path /home/x');
    const model: LanguageModel = {
      name: 'broken',
      classify: { labels: ['a'], logProbabilities: () => Promise.reject(broken) },
      close: async () => {},
    };
    const { classify, failures } = serverOver(model, {});
    const answer = await classify('x');
    expect(answer.status).toBe(500);
    expect(await answer.json()).toEqual({
      error: {
        ...{ message: 'the server failed at this request', type: 'server_error' },
        ...{ param: null, code: 'internal_error' },
      },
    });
    expect(failures).toEqual([broken]);
  });
});

describe('the end of a server', () => {
  it('waits for what runs and for what waits, and takes no more', async () => {
    const { model, running } = patientModel();
    const { classify, fetch, drain } = serverOver(model, { concurrency: 1 });
    const answers = [classify('1'), classify('2')];
    await until(() => running.length === 1);
    let isDrained = false;
    const drained = drain(60_000).then(() => {
      isDrained = true;
    });
    const refused = await classify('3');
    expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close']);
    expect((await fetch(requestTo('/healthz'))).status).toBe(503);
    running[0]!.finish();
    await until(() => running.length === 2);
    expect(isDrained).toBe(false);
    running[1]!.finish();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
    await drained;
  });

  it('stops what takes longer than the grace', async () => {
    const { model, stopped, running } = patientModel();
    const { classify, drain } = serverOver(model, {});
    const answer = classify('1');
    await until(() => running.length === 1);
    await drain(5);
    expect(stopped).toEqual(['1']);
    expect((await (await answer).json()).error.code).toBe('shutting_down');
  });

  it('lets streams under way tell that they were stopped, and closes connections', async () => {
    const { model, openStreams } = endlessModel();
    const { url, close } = await listening(model);
    const response = await fetch(`${url}/v1/completions`, {
      ...{ method: 'POST', body: JSON.stringify(ENDLESS) },
      headers: { 'content-type': 'application/json' },
    });
    await close(5);
    const last = eventsOf(await response.text()).at(-1);
    expect(last).toMatchObject({ error: { code: 'shutting_down' } });
    expect(openStreams()).toBe(0);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});

describe('limits', () => {
  it.each([
    [{ concurrency: 0 }, 'concurrency is 0, not a whole number from 1'],
    [{ queue: -1 }, 'queue is -1, not a whole number from 0'],
    [{ timeLimitMs: 2 ** 31 }, 'timeLimitMs is 2147483648'],
    [{ bodyBytes: 1.5 }, 'bodyBytes is 1.5'],
  ])('%j', (options, message) => {
    expect(() => createServer(patientModel().model, options)).toThrow(message);
  });
});
