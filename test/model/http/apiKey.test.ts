import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { holdApiKey } from '../../../src/model/http/apiKey.ts';
import { parseHttpModelName } from '../../../src/model/http/endpoint.ts';
import { httpClassifier } from '../../../src/model/http/httpClassifier.ts';
import { openHttpModel } from '../../../src/model/http/openHttpModel.ts';
import {
  chatAnswer,
  chatPiece,
  completionAnswer,
  event,
  failure,
  open,
  sendJson,
  sendPieces,
  sendText,
  startEndpoint,
} from './fakeEndpoint.ts';

/** With characters that JSON and URLs escape. */
const KEY = 'sk-"te\\st/+&=%_0123456789';
const ask = { prompt: 'hi' };
const item = { id: '1', text: 'x' };

/** Every way in which a value might be written somewhere. */
function writings(value: unknown): string {
  const names = value instanceof Error ? Object.getOwnPropertyNames(value) : null;
  return [
    String(value),
    JSON.stringify(value),
    JSON.stringify(value, names),
    value instanceof Error ? value.stack : '',
    inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true }),
  ].join('\n');
}

function expectNoKey(value: unknown): void {
  const text = writings(value);
  for (const form of [
    KEY,
    JSON.stringify(KEY).slice(1, -1),
    encodeURIComponent(KEY),
    '0123456789',
  ]) {
    expect(text).not.toContain(form);
  }
}

describe('the API key', () => {
  it('is sent as a Bearer token and nowhere else', async () => {
    const endpoint = await startEndpoint((_, response) => sendJson(response, chatAnswer('ok')));
    await open(endpoint, { apiKey: KEY }).respond.respond(ask);
    const [asked] = endpoint.asked;
    expect(asked?.headers.authorization).toBe(`Bearer ${KEY}`);
    expectNoKey({ ...asked, headers: { ...asked?.headers, authorization: '' } });
    await open(endpoint).respond.respond(ask);
    expect(endpoint.asked[1]?.headers).not.toHaveProperty('authorization');
  });

  it('is in nothing that can be looked at', async () => {
    const endpoint = await startEndpoint((_, response) => sendJson(response, chatAnswer('ok')));
    const model = open(endpoint, { apiKey: KEY });
    expectNoKey(model);
    expectNoKey(holdApiKey(KEY, parseHttpModelName(endpoint.name)));
    expectNoKey(httpClassifier(model, { prompt: '{text}', labels: { a: ['a'], b: ['b'] } }));
    expectNoKey(await model.respond.respond(ask));
  });

  it.each([
    ['as it is', `Incorrect API key provided: ${KEY}. Try another.`],
    ['in JSON', JSON.stringify({ error: { message: `bad key ${KEY}` } })],
    ['in JSON of an unknown form', JSON.stringify({ reason: { header: `Bearer ${KEY}` } })],
    ['in JSON that escapes slashes', JSON.stringify({ error: KEY }).replaceAll('/', '\\/')],
    ['in JSON within text', `oops ${JSON.stringify(KEY)}`],
    ['in a URL', `see https://h/?key=${encodeURIComponent(KEY)}`],
    ['with control characters', `bad key ${KEY.slice(0, 9)}\u0000\u001b${KEY.slice(9)}`],
    ['where the message is cut', `${'x'.repeat(290)}${KEY}`],
    ['many times', `${KEY}${KEY} ${KEY}`],
  ])('is redacted from an error that repeats it: %s', async (_name, body) => {
    const endpoint = await startEndpoint((_, response, count) =>
      sendText(response, body, count === 1 ? 401 : 500),
    );
    const model = open(endpoint, { apiKey: KEY, retries: 0 });
    for (const status of [401, 500]) {
      const error = await failure(model.respond.respond(ask));
      expect(error.message).toContain(`answered ${status}: "`);
      expect(error.message).toContain('[key');
      expectNoKey(error);
    }
  });

  it('is redacted from every other answer that an error repeats', async () => {
    const bodies = [
      () => `not JSON ${KEY}`,
      () => JSON.stringify({ error: { message: KEY } }),
      () => {
        const top_logprobs = [{ [KEY]: 'no number' }];
        const logprobs = { tokens: [KEY], token_logprobs: [-1], top_logprobs };
        return JSON.stringify(completionAnswer('', { logprobs }));
      },
    ];
    for (const body of bodies) {
      const endpoint = await startEndpoint((_, response) => sendText(response, body()));
      const model = open(endpoint, { apiKey: KEY, api: 'completions' });
      expectNoKey(await failure(model.respond.respond(ask)));
      expectNoKey(await failure(model.score.scores([item])));
      expectNoKey(await failure(model.firstTokenLogProbabilities('x', 5)));
    }
  });

  it('is redacted from streams and redirects', async () => {
    const streams = [event({ error: { message: KEY } }), `event: error\ndata: ${KEY}\n\n`];
    for (const stream of [...streams, `data: ${KEY}\n\n`]) {
      const endpoint = await startEndpoint((_, response) =>
        sendPieces(response, [chatPiece('a'), stream]),
      );
      const model = open(endpoint, { apiKey: KEY });
      const error = await failure(model.respond.respond(ask, { onText: () => {} }));
      expect(error.message).toContain('[key]');
      expectNoKey(error);
    }
    const location = `https://other.example/${encodeURIComponent(KEY)}`;
    const endpoint = await startEndpoint((_, r) => r.writeHead(307, { location }).end());
    expectNoKey(await failure(open(endpoint, { apiKey: KEY }).respond.respond(ask)));
  });

  it('is redacted from an answer that matches no label', async () => {
    const alternatives = [{ token: KEY, logprob: -0.1 }];
    const first = { content: [{ ...alternatives[0], top_logprobs: alternatives }] };
    for (const logprobs of [null, first]) {
      const endpoint = await startEndpoint((_, response) =>
        sendJson(response, chatAnswer(KEY, { logprobs })),
      );
      const model = open(endpoint, { apiKey: KEY });
      const labels = { a: ['a'], b: ['b'] };
      const classifier = httpClassifier(model, { prompt: '{text}', labels });
      const error = await failure(classifier.logProbabilities([item]));
      expect(error.message).toContain('[key]');
      expectNoKey(error);
    }
  });

  it('is not in the error of a failed connection', async () => {
    const resets = await startEndpoint((_, response) => {
      response.socket?.end(`HTTP/1.1 200 OK\r\nbad header ${KEY}\r\n\r\n`);
    });
    expectNoKey(await failure(open(resets, { apiKey: KEY, retries: 1 }).respond.respond(ask)));
  });

  it('is refused over http:// to another machine', () => {
    const name = 'http://192.168.0.7:8000/v1#m';
    expect(() => openHttpModel({ name })).not.toThrow();
    expect(() => openHttpModel({ name: name.replace('http', 'https'), apiKey: KEY })).not.toThrow();
    const open = () => openHttpModel({ name, apiKey: KEY });
    expect(open).toThrow(/API key is not sent over http:\/\/ to another machine/);
    expect(open).not.toThrow(KEY);
  });

  it.each(['', ' ', `${KEY}\n`, `${KEY}\r\nx-header: 1`, `${KEY}é`, `a ${KEY}`])(
    'cannot be %j',
    (apiKey) => {
      const open = () => openHttpModel({ name: 'http://localhost/v1#m', apiKey });
      expect(open).toThrow(/the API key is empty or has characters that no key has$/);
    },
  );
});
