/** Servers for tests: over real tiny checkpoints, over toys, and as they listen; all end with their test. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, onTestFinished } from 'vitest';
import { openCheckpointModel } from '../../src/model/checkpointModel.ts';
import type { LanguageModel } from '../../src/model/languageModel.ts';
import { createServer, type ServerOptions } from '../../src/server/createServer.ts';
import { type ListenOptions, startServer } from '../../src/server/startServer.ts';
import { FAMILIES } from '../model/family.ts';
import { withTokenizer } from '../model/tinyTokenizer.ts';

/** Words of the tiny tokenizer only. */
export const TEMPLATE =
  "{% for m in messages %}{{ 'w9 ' if m.role == 'user' else 'w8 ' }}{{ m.content }} {% endfor %}w7";

/** A tiny checkpoint of random weights, which ends with the file's tests. */
export async function tinyModel(family: string, template?: string): Promise<LanguageModel> {
  const folder = withTokenizer(join(FAMILIES, family));
  if (template !== undefined) writeFileSync(join(folder, 'chat_template.jinja'), template);
  const model = await openCheckpointModel(folder, family);
  afterAll(model.close);
  return model;
}

export async function listening(model: LanguageModel, options: ListenOptions = {}) {
  const server = await startServer(model, { port: 0, ...options });
  onTestFinished(() => server.close(0));
  const client = new OpenAI({
    ...{ baseURL: `${server.url}/v1`, maxRetries: 0 },
    apiKey: options.token ?? 'none',
  });
  return { ...server, client };
}

export type Asking = (path: string, body?: unknown, init?: RequestInit) => Promise<Response>;

/** Asks a server that does not listen. */
export function asking(model: LanguageModel, options: ServerOptions = {}): Asking {
  const { fetch } = createServer(model, options);
  return (path, body, init) => fetch(requestTo(path, body, init));
}

export function requestTo(path: string, body?: unknown, init: RequestInit = {}): Request {
  const posted =
    body === undefined
      ? {}
      : {
          method: 'POST',
          body: typeof body === 'string' ? body : JSON.stringify(body),
          headers: { 'content-type': 'application/json', ...init.headers },
        };
  return new Request(`http://localhost${path}`, { ...init, ...posted });
}

/** The objects of a stream, without its end. */
export function eventsOf(text: string): Record<string, unknown>[] {
  const data = text.split('\n\n').flatMap((event) => event.match(/^data: (.*)$/)?.[1] ?? []);
  return data.filter((line) => line !== '[DONE]').map((line) => JSON.parse(line));
}
