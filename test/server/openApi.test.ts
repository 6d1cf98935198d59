/** The description: complete, valid, and true of what is answered. */

import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { GET_ENDPOINTS, POST_ENDPOINTS } from '../../src/server/endpoints.ts';
import { asking, eventsOf, TEMPLATE, tinyModel } from './running.ts';

interface Description {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, object>>;
  readonly components: { readonly schemas: Record<string, object> };
}

const llama = asking(await tinyModel('llama', TEMPLATE));
const bert = asking(await tinyModel('bert'));
const marian = asking(await tinyModel('marian'));
const description: Description = await (await llama('/openapi.json')).json();

const ajv = new Ajv2020({ strict: false });
ajv.addSchema({ $id: 'api', components: description.components });

function errorsOf(name: string, value: unknown) {
  const validate = ajv.getSchema(`api#/components/schemas/${name}`)!;
  return validate(value) ? [] : validate.errors;
}

function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' ? [inner as string] : references(inner),
  );
}

describe('the description', () => {
  it('has every route', () => {
    const paths = [
      ...GET_ENDPOINTS.map(({ path, parameter }) => path + (parameter ? `{${parameter}}` : '')),
      ...POST_ENDPOINTS.map(({ path }) => path),
      ...['/healthz', '/openapi.json'],
    ];
    expect(description.openapi).toBe('3.1.0');
    expect(Object.keys(description.paths).sort()).toEqual(paths.sort());
    expect(paths).toHaveLength(9);
  });

  it('consists of valid schemas, and refers to what it has', () => {
    const { schemas } = description.components;
    for (const [name, schema] of Object.entries(schemas)) {
      expect(`${name}: ${ajv.validateSchema(schema)}`).toBe(`${name}: true`);
    }
    const known = Object.keys(schemas).map((name) => `#/components/schemas/${name}`);
    const named = references(description.paths);
    expect(named.filter((reference) => !known.includes(reference))).toEqual([]);
    expect(known.filter((reference) => !named.includes(reference))).toEqual([]);
  });

  it('is true of the answers', async () => {
    const messages = [{ role: 'user', content: 'w1' }];
    const chat = { messages, max_tokens: 3, logprobs: true, top_logprobs: 2 };
    const completion = { prompt: 'w1', max_tokens: 3, logprobs: 2 };
    const input = ['w1', 'w2 w3'];
    const cases: [string, typeof llama, string, unknown][] = [
      ['Chat', llama, '/v1/chat/completions', chat],
      ['Completion', llama, '/v1/completions', completion],
      ['Classify', bert, '/v1/classify', { input }],
      ['Embedding', bert, '/v1/embeddings', { input, encoding_format: 'base64' }],
      ['Translate', marian, '/v1/translate', { input, max_tokens: 4, beams: 2 }],
    ];
    for (const [name, ask, path, body] of cases) {
      expect(errorsOf(`${name}Request`, body)).toEqual([]);
      const answer = await ask(path, body);
      expect(answer.status).toBe(200);
      expect(errorsOf(`${name}Response`, await answer.json())).toEqual([]);
      const wrong = await ask(path, {});
      expect(errorsOf('Error', await wrong.json())).toEqual([]);
      expect(errorsOf(`${name}Request`, {})).not.toEqual([]);
    }
    const streamed = { stream: true, stream_options: { include_usage: true } };
    for (const [name, path, body] of [
      ['Chat', '/v1/chat/completions', { ...chat, ...streamed }],
      ['Completion', '/v1/completions', { ...completion, ...streamed }],
    ] as const) {
      const events = eventsOf(await (await llama(path, body)).text());
      expect(events.length).toBeGreaterThan(3);
      expect(events.flatMap((event) => errorsOf(`${name}Event`, event))).toEqual([]);
    }
    expect(errorsOf('ModelList', await (await llama('/v1/models')).json())).toEqual([]);
    expect(errorsOf('Health', await (await llama('/healthz')).json())).toEqual([]);
  });
});
