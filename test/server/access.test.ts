/** Who may ask, and how a request must look. */

import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { LanguageModel } from '../../src/model/languageModel.ts';
import { createServer, type RequestEntry } from '../../src/server/createServer.ts';
import { startServer } from '../../src/server/startServer.ts';
import { asking, listening, requestTo } from './running.ts';

const model: LanguageModel = {
  name: 'labels',
  classify: { labels: ['a', 'b'], logProbabilities: async () => [Float64Array.of(-1, -0.5)] },
  close: async () => {},
};
const TOKEN = 'sk-secret-4711';
const errorOf = async (answer: Response) => (await answer.json()).error;

describe('the token', () => {
  it('is asked of every request but /healthz', async () => {
    const ask = asking(model, { token: TOKEN });
    const statusOf = async (authorization?: string) =>
      (await ask('/v1/models', undefined, authorization ? { headers: { authorization } } : {}))
        .status;
    expect(await statusOf()).toBe(401);
    expect(await statusOf('Bearer')).toBe(401);
    expect(await statusOf(`Bearer ${TOKEN}x`)).toBe(401);
    expect(await statusOf(`Basic ${TOKEN}`)).toBe(401);
    expect(await statusOf(`Bearer ${TOKEN}`)).toBe(200);
    expect((await ask('/openapi.json')).status).toBe(401);
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('is the API key of OpenAI clients', async () => {
    const { client, url } = await listening(model, { token: TOKEN });
    const { data } = await client.models.list();
    expect(data).toMatchObject([{ id: 'labels', capabilities: ['classify'] }]);
    await expect(client.withOptions({ apiKey: 'other' }).models.list()).rejects.toMatchObject({
      ...{ status: 401, code: 'invalid_api_key' },
    });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it.each(['0.0.0.0', '::', '192.168.1.2', 'example.org', '127.evil.org'])(
    'is needed to listen on %s',
    async (host) => {
      await expect(startServer(model, { host, port: 0 })).rejects.toMatchObject({
        ...{ code: 'bad_input', message: expect.stringMatching(/LMFUSE_SERVER_TOKEN/) },
      });
    },
  );

  it.each(['', 'two words', 'späti'])('cannot be %j', (token) => {
    expect(() => createServer(model, { token })).toThrow('the token has characters');
  });
});

describe('the name by which a local server is asked', () => {
  const statusFor = async (url: string, localOnly: boolean) =>
    (await createServer(model, { localOnly }).fetch(new Request(url))).status;

  it.each(['http://localhost', 'http://127.0.0.1:81', 'http://[::1]:82'])('%s', async (origin) => {
    expect(await statusFor(`${origin}/healthz`, true)).toBe(200);
  });

  it.each(['http://evil.example', 'http://localhost.evil.example', 'http://192.168.1.2'])(
    'is not %s',
    async (origin) => {
      expect(await statusFor(`${origin}/healthz`, true)).toBe(403);
      expect(await statusFor(`${origin}/healthz`, false)).toBe(200);
    },
  );

  it('is read from the header', async () => {
    const { url } = await listening(model);
    const status = await new Promise((resolve, reject) => {
      const asked = httpRequest(`${url}/v1/models`, { headers: { host: 'evil.example' } });
      asked.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
      asked.end();
    });
    expect(status).toBe(403);
  });
});

describe('pages of other origins', () => {
  const origin = 'https://page.example';
  const preflight = {
    method: 'OPTIONS',
    headers: {
      ...{ origin, 'access-control-request-method': 'POST' },
      'access-control-request-headers': 'authorization,content-type,x-stainless-lang',
    },
  };

  it('get no leave unless they are named', async () => {
    const answer = await asking(model)('/v1/classify', undefined, preflight);
    expect(answer.status).toBe(405);
    const other = await asking(model, { cors: ['https://else.example'] })(
      ...(['/v1/classify', undefined, preflight] as const),
    );
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    const asked = await asking(model)('/v1/models', undefined, { headers: { origin } });
    expect(asked.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('may ask when they are named, token and all', async () => {
    const ask = asking(model, { cors: [origin], token: TOKEN });
    const answer = await ask('/v1/classify', undefined, preflight);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.get('access-control-allow-headers')).toContain('authorization');
    const refused = await ask('/v1/models', undefined, { headers: { origin } });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe(origin);
  });

  it('cannot ask by a body that needs no leave', async () => {
    const headers = { 'content-type': 'text/plain' };
    const answer = await asking(model)('/v1/classify', { input: 'x' }, { headers });
    expect(answer.status).toBe(415);
  });
});

describe('bodies', () => {
  it('of more bytes than allowed are refused, declared or not', async () => {
    const { url } = await listening(model, { bodyBytes: 100 });
    const headers = { 'content-type': 'application/json' };
    const post = (body: BodyInit) =>
      fetch(`${url}/v1/classify`, {
        ...{ method: 'POST', headers, body },
        ...(typeof body === 'string' ? {} : { duplex: 'half' }),
      } as RequestInit);
    const chunked = (text: string) => new Blob([text]).stream();
    const long = JSON.stringify({ input: 'x'.repeat(100) });
    const short = JSON.stringify({ input: 'x'.repeat(80) });
    for (const body of [long, chunked(long)]) {
      expect(await errorOf(await post(body))).toMatchObject({ code: 'body_too_large' });
    }
    for (const body of [short, chunked(short)]) expect((await post(body)).status).toBe(200);
  });

  it.each<[string, unknown, string, string | null]>([
    ['/v1/classify', '{', 'invalid_json', null],
    ['/v1/classify', '"x"', 'invalid_type', null],
    ['/v1/classify', {}, 'missing_required_parameter', 'input'],
    ['/v1/classify', { input: [1] }, 'invalid_value', 'input[0]'],
    ['/v1/classify', { input: 5 }, 'invalid_value', 'input'],
    ['/v1/classify', { input: 'x', labels: 3 }, 'unknown_parameter', 'labels'],
    ['/v1/classify', { input: 'x', model: 'gpt' }, 'model_not_found', 'model'],
    ['/v1/completions', { prompt: 'x', echo: true }, 'unsupported_parameter', 'echo'],
    ['/v1/completions', { prompt: 'x', suffix: 'y' }, 'unsupported_parameter', 'suffix'],
    ['/v1/completions', { prompt: 'x', best_of: 2 }, 'unsupported_parameter', 'best_of'],
    [
      '/v1/completions',
      { prompt: 'x', logit_bias: { 5: 1 } },
      'unsupported_parameter',
      'logit_bias',
    ],
    ['/v1/completions', { prompt: 'x', n: 0 }, 'invalid_value', 'n'],
    [
      '/v1/completions',
      { prompt: 'x', stream_options: { include_usage: true } },
      ...(['invalid_value', 'stream_options'] as const),
    ],
  ])('%s %j: %s', async (path, body, code, param) => {
    const answer = await asking(model)(path, body);
    expect([400, 404]).toContain(answer.status);
    const error = await errorOf(answer);
    expect(error).toMatchObject({ code, param, type: 'invalid_request_error' });
    expect(error.message.length).toBeGreaterThan(10);
  });

  const messages = [{ role: 'user', content: 'x' }];
  it.each<[object, string]>([
    [{ messages, tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools'],
    [{ messages, tool_choice: 'required' }, 'tool_choice'],
    [{ messages, response_format: { type: 'json_object' } }, 'response_format'],
    [{ messages, frequency_penalty: 0.5 }, 'frequency_penalty'],
    [{ messages, modalities: ['text', 'audio'] }, 'modalities'],
  ])('of chats that ask for what is not done: %j', async (body, param) => {
    const error = await errorOf(await asking(model)('/v1/chat/completions', body));
    expect(error).toMatchObject({ param, code: 'unsupported_parameter' });
  });

  it('may say what changes nothing', async () => {
    const answer = await asking(model)('/v1/classify', {
      ...{ input: 'x', model: 'labels', user: 'u', metadata: { a: 1 }, store: true },
      ...{ truncate: null, service_tier: 'auto' },
    });
    expect(answer.status).toBe(200);
  });
});

describe('paths, methods and the log', () => {
  it('tell what there is instead', async () => {
    const ask = asking(model);
    expect((await ask('/v1/nothing')).status).toBe(404);
    const wrong = await ask('/v1/classify');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await ask('/v1/models/labels')).status).toBe(200);
    expect(await errorOf(await ask('/v1/models/org/else'))).toMatchObject({
      ...{ code: 'model_not_found', message: 'model "org/else": this server has "labels"' },
    });
  });

  it('names method, path and status, and nothing that was said', async () => {
    const entries: RequestEntry[] = [];
    const { fetch } = createServer(model, { onRequest: (entry) => entries.push(entry) });
    await fetch(requestTo('/v1/classify?key=secret', { input: 'secret' }));
    await fetch(requestTo('/v1/classify', 'secret'));
    expect(
      entries.map(({ milliseconds, ...rest }) => ({ ...rest, known: milliseconds >= 0 })),
    ).toEqual([
      { method: 'POST', path: '/v1/classify', status: 200, known: true },
      { method: 'POST', path: '/v1/classify', status: 400, known: true },
    ]);
  });
});
