/** The server's description in OpenAPI 3.1, from the schemas that requests are checked by. */

import * as z from 'zod';
import { GET_ENDPOINTS, type GetEndpoint, type NamedSchema, POST_ENDPOINTS } from './endpoints.ts';
import { errorResponse, health } from './schema/responses.ts';

const ERROR: NamedSchema = { name: 'Error', schema: errorResponse };
const HEALTH: NamedSchema = { name: 'Health', schema: health };

export const HEALTH_PATH = '/healthz';
export const DESCRIPTION_PATH = '/openapi.json';

/** @param hasToken whether requests must bear a token */
export function openApiDocument(version: string, hasToken: boolean): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'lmfuse',
      version,
      description: 'One language model, which may be a fusion of several, by the API of OpenAI.',
    },
    ...(hasToken ? { security: [{ token: [] }] } : {}),
    paths: {
      ...Object.fromEntries(GET_ENDPOINTS.map((endpoint) => [pathOf(endpoint), getItem(endpoint)])),
      ...Object.fromEntries(POST_ENDPOINTS.map((endpoint) => [endpoint.path, postItem(endpoint)])),
      [HEALTH_PATH]: {
        get: {
          ...{ operationId: 'health', summary: 'Whether it runs; needs no token.', security: [] },
          responses: answers(HEALTH),
        },
      },
      [DESCRIPTION_PATH]: {
        get: {
          ...{ operationId: 'openapi', summary: 'This description.' },
          responses: {
            200: { description: 'OpenAPI 3.1', content: json({ type: 'object' }) },
            default: errorAnswer(),
          },
        },
      },
    },
    components: {
      schemas: schemas(),
      ...(hasToken ? { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } } : {}),
    },
  };
}

function pathOf({ path, parameter }: GetEndpoint): string {
  return parameter === undefined ? path : `${path}{${parameter}}`;
}

function getItem({ summary, parameter, response }: GetEndpoint) {
  const parameters = [{ name: parameter, in: 'path', required: true, schema: { type: 'string' } }];
  return {
    get: {
      operationId: response.name,
      summary,
      ...(parameter === undefined ? {} : { parameters }),
      responses: answers(response),
    },
  };
}

function postItem({ summary, request, response, event }: (typeof POST_ENDPOINTS)[number]) {
  const responses = answers(response);
  const stream = event ? { 'text/event-stream': { schema: referenceTo(event) } } : {};
  return {
    post: {
      operationId: request.name.replace(/Request$/, ''),
      summary,
      requestBody: { required: true, content: json(referenceTo(request)) },
      responses: {
        ...responses,
        200: { ...responses[200], content: { ...responses[200].content, ...stream } },
      },
    },
  };
}

function answers(response: NamedSchema) {
  const content = json(referenceTo(response));
  return { 200: { description: response.name, content }, default: errorAnswer() };
}

function errorAnswer() {
  return { description: 'What is wrong.', content: json(referenceTo(ERROR)) };
}

function json(schema: object) {
  return { 'application/json': { schema } };
}

function referenceTo({ name }: NamedSchema) {
  return { $ref: `#/components/schemas/${name}` };
}

function schemas(): Record<string, object> {
  const posts = POST_ENDPOINTS.flatMap(({ request, response, event }) => [
    [request.name, jsonSchema(request, 'input')] as const,
    ...[response, ...(event ? [event] : [])].map(
      (answer) => [answer.name, jsonSchema(answer, 'output')] as const,
    ),
  ]);
  const rest = [...GET_ENDPOINTS.map(({ response }) => response), HEALTH, ERROR];
  return Object.fromEntries([
    ...posts,
    ...rest.map((answer) => [answer.name, jsonSchema(answer, 'output')]),
  ]);
}

/** The dialect is that of OpenAPI 3.1 anyway. */
function jsonSchema({ schema }: NamedSchema, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
