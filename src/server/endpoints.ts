/** The table of endpoints: what is routed, and what the OpenAPI description tells. */

import type * as z from 'zod';
import { answerChat, streamChat } from './chat.ts';
import { answerCompletion, streamCompletion } from './completions.ts';
import { answerModel, answerModels } from './models.ts';
import { parseBody } from './readBody.ts';
import {
  chatRequest,
  classifyRequest,
  completionRequest,
  embeddingRequest,
  translateRequest,
} from './schema/requests.ts';
import {
  chatEvent,
  chatResponse,
  classifyResponse,
  completionEvent,
  completionResponse,
  embeddingResponse,
  modelEntry,
  modelList,
  translateResponse,
} from './schema/responses.ts';
import { type Call, checkModel, type Service } from './service.ts';
import { answerClassify, answerEmbeddings, answerTranslate } from './texts.ts';

/** A schema under the name that the description gives it. */
export interface NamedSchema {
  readonly name: string;
  readonly schema: z.ZodType;
}

export interface GetEndpoint {
  readonly path: string;
  readonly summary: string;
  /** Of the path, which it ends. */
  readonly parameter?: string;
  readonly response: NamedSchema;
  readonly answer: (service: Service, parameter: string) => object;
}

/** What a valid request asks for. */
export interface Asked {
  readonly answer: (call: Call) => Promise<object>;
  /** Set where the answer is to be sent event by event. */
  readonly stream?: (call: Call, send: (event: object) => void) => Promise<void>;
}

export interface PostEndpoint {
  readonly path: string;
  readonly summary: string;
  readonly request: NamedSchema;
  readonly response: NamedSchema;
  /** Of every event of a stream. */
  readonly event?: NamedSchema;
  /** Throws what is wrong with the body. */
  readonly parse: (json: unknown, service: Service) => Asked;
}

export const GET_ENDPOINTS: readonly GetEndpoint[] = [
  {
    path: '/v1/models',
    summary: 'The one model that is served.',
    response: { name: 'ModelList', schema: modelList },
    answer: answerModels,
  },
  {
    path: '/v1/models/',
    parameter: 'model',
    summary: 'The model of this name.',
    response: { name: 'Model', schema: modelEntry },
    answer: answerModel,
  },
];

interface Body {
  readonly model?: string | undefined;
  readonly stream?: boolean | undefined;
}

type Schema = z.ZodType<Body>;

interface PostParts<Request extends Schema> {
  readonly path: string;
  readonly summary: string;
  /** Stem of the schemas' names. */
  readonly name: string;
  readonly request: Request;
  readonly response: z.ZodType;
  readonly event?: z.ZodType;
  readonly answer: (body: z.output<Request>, call: Call) => Promise<object>;
  readonly stream?: (
    body: z.output<Request>,
    call: Call,
    send: (event: object) => void,
  ) => Promise<void>;
}

function post<Request extends Schema>(parts: PostParts<Request>): PostEndpoint {
  const { name, path, summary, answer, stream, event } = parts;
  return {
    ...{ path, summary },
    request: { name: `${name}Request`, schema: parts.request },
    response: { name: `${name}Response`, schema: parts.response },
    ...(event ? { event: { name: `${name}Event`, schema: event } } : {}),
    parse(json, service) {
      const body = parseBody(parts.request, json);
      checkModel(service, body.model);
      return {
        answer: (call) => answer(body, call),
        ...(stream && body.stream ? { stream: (call, send) => stream(body, call, send) } : {}),
      };
    },
  };
}

export const POST_ENDPOINTS: readonly PostEndpoint[] = [
  post({
    path: '/v1/chat/completions',
    name: 'Chat',
    summary: 'Continues a conversation.',
    ...{ request: chatRequest, response: chatResponse, event: chatEvent },
    ...{ answer: answerChat, stream: streamChat },
  }),
  post({
    path: '/v1/completions',
    name: 'Completion',
    summary: 'Continues texts.',
    ...{ request: completionRequest, response: completionResponse, event: completionEvent },
    ...{ answer: answerCompletion, stream: streamCompletion },
  }),
  post({
    path: '/v1/classify',
    name: 'Classify',
    summary: 'Labels texts, with the probability of every label.',
    ...{ request: classifyRequest, response: classifyResponse, answer: answerClassify },
  }),
  post({
    path: '/v1/translate',
    name: 'Translate',
    summary: 'Translates texts, or rewrites them.',
    ...{ request: translateRequest, response: translateResponse, answer: answerTranslate },
  }),
  post({
    path: '/v1/embeddings',
    name: 'Embedding',
    summary: 'Turns texts into vectors.',
    ...{ request: embeddingRequest, response: embeddingResponse, answer: answerEmbeddings },
  }),
];
