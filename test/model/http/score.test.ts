import { describe, expect, it } from 'vitest';
import { completionAnswer, failure, open, sendJson, startEndpoint } from './fakeEndpoint.ts';

const items = ['The cat', 'Ein Hund 🐕', 'x'].map((text, i) => ({ id: String(i), text }));

/** Tokens of one character; the n-th has a log-probability of -n, the first none. */
function echo(text: string): object {
  const tokens = [...text];
  const token_logprobs = tokens.map((_, n) => (n === 0 ? null : -n));
  return completionAnswer(text, { logprobs: { tokens, token_logprobs, text_offset: [] } });
}

const scoreWith = async (answer: (text: string) => unknown, status = 200) => {
  const endpoint = await startEndpoint(({ body }, response) =>
    sendJson(response, answer(String(body.prompt)), status),
  );
  return open(endpoint).score.scores(items.slice(0, 1));
};

describe('scores', () => {
  it('are the sums of the echoed log-probabilities, but for the first token', async () => {
    const endpoint = await startEndpoint(({ body }, response) =>
      sendJson(response, echo(String(body.prompt))),
    );
    const model = open(endpoint);
    expect(await model.score.scores(items)).toEqual([
      { logProbability: -21, tokenCount: 6 },
      { logProbability: -45, tokenCount: 9 },
      { logProbability: 0, tokenCount: 0 },
    ]);
    expect(endpoint.asked[0]).toMatchObject({
      path: '/v1/completions',
      body: { model: 'tiny', prompt: 'The cat', echo: true, logprobs: 1, max_tokens: 0 },
    });
  });

  it('count the first token where the server predicts it too', async () => {
    const answer = (text: string) =>
      completionAnswer(text, { logprobs: { tokens: [text], token_logprobs: [-2] } });
    expect((await scoreWith(answer))[0]).toEqual({ logProbability: -2, tokenCount: 1 });
  });

  it('of nothing ask nothing', async () => {
    const endpoint = await startEndpoint((_, response) => sendJson(response, {}, 500));
    const { score } = open(endpoint);
    expect(await score.scores([{ id: '', text: '' }])).toEqual([
      { logProbability: 0, tokenCount: 0 },
    ]);
    expect(await score.scores([])).toEqual([]);
    expect(endpoint.asked).toEqual([]);
  });

  it.each([
    [
      'continues the text',
      (text: string) => echo(`${text} sat`),
      /answered a text of 11 characters instead of the 7 to be scored$/,
    ],
    ['does not echo', () => completionAnswer(''), /a text of 0 characters instead of the 7/],
    [
      'gives no log-probabilities',
      (text: string) => completionAnswer(text),
      /without log-probabilities$/,
    ],
    [
      'gives none of the text',
      (text: string) => completionAnswer(text, { logprobs: { tokens: [], token_logprobs: [] } }),
      /without log-probabilities$/,
    ],
    [
      'gives some',
      (text: string) =>
        completionAnswer(text, {
          logprobs: { tokens: ['a', 'b', 'c'], token_logprobs: [null, -1, null] },
        }),
      /of some tokens only$/,
    ],
  ])('are refused when the server %s', async (_name, answer, message) => {
    const error = await failure(scoreWith(answer));
    expect(error.code).toBe('bad_input');
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(
      /^scores need a server that echoes a text with log-probabilities/,
    );
    expect(error.message).toMatch(/http:\/\/127.0.0.1:\d+\/v1\/completions: /);
  });

  it('are refused with the reason of the server', async () => {
    const message = 'echo is not supported';
    const error = await failure(scoreWith(() => ({ error: { message } }), 400));
    expect(error.message).toMatch(/\/v1\/completions: answered 400: "echo is not supported"$/);
  });

  it('can be stopped', async () => {
    const endpoint = await startEndpoint(() => {});
    const stop = new AbortController();
    const scores = open(endpoint).score.scores(items, { signal: stop.signal });
    await endpoint.arrived(3);
    stop.abort();
    expect((await failure(scores)).code).toBe('aborted');
    await expect.poll(endpoint.abandoned).toBe(3);
  });
});
