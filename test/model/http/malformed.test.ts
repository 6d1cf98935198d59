/** Whatever a server sends, the outcome is an answer or a bad_input error that names the endpoint. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FusionError } from '../../../src/errors.ts';
import { httpClassifier } from '../../../src/model/http/httpClassifier.ts';
import type { HttpModel } from '../../../src/model/http/openHttpModel.ts';
import { chatAnswer, completionAnswer, open, startEndpoint } from './fakeEndpoint.ts';

const item = { id: '1', text: 'ab' };
const labels = { a: ['a'], b: ['b'] };

const uses: Readonly<Record<string, (model: HttpModel) => Promise<unknown>>> = {
  respond: (model) => model.respond.respond({ prompt: 'x' }),
  stream: (model) => model.respond.respond({ prompt: 'x' }, { onText: () => {} }),
  score: (model) => model.score.scores([item]),
  first: (model) => model.firstTokenLogProbabilities('x', 5),
  classify: (model) => httpClassifier(model, { prompt: '{text}', labels }).logProbabilities([item]),
};

const first = { token: 'a', logprob: -1, top_logprobs: [{ token: 'a', logprob: -1 }] };
const columns = { tokens: ['a', 'b'], token_logprobs: [null, -1], top_logprobs: [null, { b: -1 }] };
const samples = [
  chatAnswer('a', { logprobs: { content: [first] } }),
  completionAnswer('ab', { logprobs: columns }),
  { choices: [{ delta: { content: 'a' }, finish_reason: 'stop' }] },
].map((sample) => JSON.stringify(sample));

/** Any JSON, and good answers with a part replaced or cut off. */
const body = fc.oneof(
  fc.json(),
  fc.string(),
  fc
    .tuple(fc.constantFrom(...samples), fc.nat())
    .map(([text, at]) => text.slice(0, at % text.length)),
  fc
    .tuple(fc.constantFrom(...samples), fc.nat(), fc.json({ maxDepth: 1 }))
    .map(([text, n, json]) => replaceValue(text, n, json)),
);

function replaceValue(text: string, n: number, json: string): string {
  const values = [...text.matchAll(/(?<=:)("[^"]*"|-?\d+|null|\[|\{)/g)];
  const { index = 0, 0: value } = values[n % values.length]!;
  return text.slice(0, index) + json + text.slice(index + value.length);
}

describe.each(['chat', 'completions'] as const)('malformed answers, %s', (api) => {
  it.each(Object.keys(uses))('%s', async (name) => {
    let text = '';
    let isStream = false;
    const endpoint = await startEndpoint((_, response) => {
      response.setHeader('content-type', isStream ? 'text/event-stream' : 'application/json');
      response.end(isStream ? `data: ${text}\n\n` : text);
    });
    const model = open(endpoint, { api, retries: 0 });
    await fc.assert(
      fc.asyncProperty(body, fc.boolean(), async (given, streams) => {
        [text, isStream] = [given, streams];
        const error = await uses[name]!(model).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error === undefined) return;
        expect(error).toBeInstanceOf(FusionError);
        expect(error).toMatchObject({ code: 'bad_input' });
        expect((error as FusionError).message).toContain(endpoint.origin);
        expect((error as FusionError).message).not.toMatch(/\p{Cc}/u);
      }),
      { numRuns: 60 },
    );
  });
});
