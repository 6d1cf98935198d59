import { describe, expect, it } from 'vitest';
import type { TextRequest } from '../../../src/model/languageModel.ts';
import {
  chatAnswer,
  chatPiece,
  completionAnswer,
  event,
  failure,
  open,
  sendJson,
  sendPieces,
  startEndpoint,
} from './fakeEndpoint.ts';

const request: TextRequest = {
  prompt: 'Say "hi".',
  maxTokens: 7,
  temperature: 0.5,
  topP: 0.9,
  seed: 3,
  stop: ['\n'],
};
const sampling = { temperature: 0.5, top_p: 0.9, seed: 3, stop: ['\n'] };
const token = (text: string, logprob: number) => ({ token: text, logprob, bytes: null });

/** The body that is sent for a request. */
async function bodyOf(request: TextRequest, options: Parameters<typeof open>[1] = {}) {
  const answer = options.api === 'completions' ? completionAnswer('') : chatAnswer('');
  const endpoint = await startEndpoint((_, response) => sendJson(response, answer));
  await open(endpoint, options).respond.respond(request);
  return endpoint.asked[0];
}

async function stream(pieces: readonly string[], options: Parameters<typeof open>[1] = {}) {
  const endpoint = await startEndpoint((_, response) => {
    sendPieces(response, pieces);
    response.end();
  });
  const texts: string[] = [];
  const onText = (text: string) => texts.push(text);
  const model = open(endpoint, { retries: 0, ...options });
  const answer = await model.respond.respond(request, { onText });
  return { answer, texts, asked: endpoint.asked };
}

describe('a request', () => {
  it('for the chat API has messages', async () => {
    expect(await bodyOf(request)).toMatchObject({
      path: '/v1/chat/completions',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
    });
    expect((await bodyOf(request))?.body).toEqual({
      model: 'tiny',
      messages: [{ role: 'user', content: 'Say "hi".' }],
      max_tokens: 7,
      ...sampling,
    });
    const prompt = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ] as const;
    expect((await bodyOf({ prompt }))?.body).toEqual({ model: 'tiny', messages: prompt });
  });

  it('for the completions API has a prompt', async () => {
    const asked = await bodyOf(request, { api: 'completions' });
    expect(asked?.path).toBe('/v1/completions');
    expect(asked?.body).toEqual({
      model: 'tiny',
      prompt: 'Say "hi".',
      max_tokens: 7,
      ...sampling,
    });
    const messages = bodyOf({ prompt: [] }, { api: 'completions' });
    expect((await failure(messages)).message).toMatch(
      /list of messages, which needs the API 'chat'/,
    );
  });

  it('asks for log-probabilities and uses the longer name of the limit, if told to', async () => {
    const longer = { maxTokensField: 'max_completion_tokens', logProbabilities: true } as const;
    expect((await bodyOf({ prompt: 'a', maxTokens: 5, stop: [] }, longer))?.body).toEqual({
      model: 'tiny',
      messages: [{ role: 'user', content: 'a' }],
      max_completion_tokens: 5,
      logprobs: true,
    });
    const plain = { api: 'completions', logProbabilities: true } as const;
    expect((await bodyOf({ prompt: 'a' }, plain))?.body).toMatchObject({ logprobs: 1 });
  });
});

describe('an answer', () => {
  const respondTo = async (answer: unknown, options: Parameters<typeof open>[1] = {}) => {
    const endpoint = await startEndpoint((_, response) => sendJson(response, answer));
    return open(endpoint, options).respond.respond(request);
  };

  it('has text, end and token counts', async () => {
    const counts = { inputTokens: 3, outputTokens: 2 };
    expect(await respondTo(chatAnswer('Hi 🦊'))).toEqual({
      text: 'Hi 🦊',
      finish: 'stop',
      ...counts,
    });
    const cut = completionAnswer(' Hi', { finish_reason: 'length' });
    expect(await respondTo(cut, { api: 'completions' })).toEqual({
      text: ' Hi',
      finish: 'length',
      ...counts,
    });
    const bare = { choices: [{ message: { content: null }, finish_reason: null }] };
    expect(await respondTo(bare)).toEqual({ text: '', finish: 'stop' });
  });

  it('has its log-probability, in either spelling', async () => {
    const logprobs = { content: [token('H', -0.5), token('i', -0.25)] };
    expect(await respondTo(chatAnswer('Hi', { logprobs }))).toMatchObject({
      logProbability: -0.75,
    });
    const columns = { tokens: ['H', 'i'], token_logprobs: [-0.5, 1e-9], top_logprobs: null };
    const answer = completionAnswer('Hi', { logprobs: columns });
    expect(await respondTo(answer, { api: 'completions' })).toMatchObject({ logProbability: -0.5 });
  });

  it('has none where some tokens have none', async () => {
    const columns = { tokens: ['H', 'i'], token_logprobs: [null, -1] };
    for (const logprobs of [null, {}, { content: null }, { content: [] }, columns]) {
      expect(await respondTo(chatAnswer('Hi', { logprobs }))).not.toHaveProperty('logProbability');
    }
  });

  it.each([
    [
      'withheld',
      chatAnswer('', { finish_reason: 'content_filter' }),
      /withheld by a content filter$/,
    ],
    ['without choices', { choices: [] }, /answered with no choices$/],
    ['an error with status 200', { error: { message: 'boom' } }, /answered: "boom"$/],
    [
      'of another form',
      { choices: [{ message: { content: 5 } }] },
      /unlike its API: "choices.0.message.content: /,
    ],
    [
      'with columns of unequal length',
      chatAnswer('a', { logprobs: { tokens: ['a'], token_logprobs: [] } }),
      /unlike its API/,
    ],
    [
      'with probabilities above 1',
      chatAnswer('a', { logprobs: { content: [token('a', 0.5)] } }),
      /unlike its API/,
    ],
  ])('is refused when %s', async (_name, answer, message) => {
    const error = await failure(respondTo(answer));
    expect(error.code).toBe('bad_input');
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^http:\/\/127.0.0.1:\d+\/v1\/chat\/completions: /);
  });
});

describe('a stream', () => {
  const usage = event({ choices: [], usage: { prompt_tokens: 4, completion_tokens: 2 } });
  const done = 'data: [DONE]\n\n';
  const end = chatPiece('', { finish_reason: 'length' });

  it('is asked for and put together', async () => {
    const role = event({ choices: [{ delta: { role: 'assistant', content: '' } }] });
    const pieces = [': ping\n\n', role, chatPiece('H'), chatPiece('é 🦊'), end, usage, done];
    const { answer, texts, asked } = await stream(pieces);
    expect(texts).toEqual(['H', 'é 🦊']);
    expect(answer).toEqual({ text: 'Hé 🦊', finish: 'length', inputTokens: 4, outputTokens: 2 });
    expect(asked[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('is the same with CRLF, without [DONE], and for completions', async () => {
    const crlf = [chatPiece('a'), end, usage].map((piece) => piece.replaceAll('\n', '\r\n'));
    expect((await stream(crlf)).answer).toMatchObject({ text: 'a', finish: 'length' });
    const pieces = [
      event({ choices: [{ text: 'a', finish_reason: null }] }),
      event({ choices: [{ text: 'b', finish_reason: 'stop' }] }),
    ];
    expect(await stream(pieces, { api: 'completions' })).toMatchObject({
      answer: { text: 'ab', finish: 'stop' },
      texts: ['a', 'b'],
    });
  });

  it('sums log-probabilities, where all of its text has them', async () => {
    const piece = (text: string, value: number) =>
      chatPiece(text, { logprobs: { content: [token(text, value)] } });
    const full = await stream([piece('a', -1), piece('b', -0.5), end, done]);
    expect(full.answer.logProbability).toBe(-1.5);
    const part = await stream([piece('a', -1), chatPiece('b'), end, done]);
    expect(part.answer).not.toHaveProperty('logProbability');
  });

  it('may come as one answer from a server that does not stream', async () => {
    const endpoint = await startEndpoint((_, response) => sendJson(response, chatAnswer('whole')));
    const texts: string[] = [];
    const onText = (text: string) => texts.push(text);
    const answer = await open(endpoint).respond.respond(request, { onText });
    expect(answer).toMatchObject({ text: 'whole', finish: 'stop', outputTokens: 2 });
    expect(texts).toEqual(['whole']);
  });

  it.each([
    ['ends before its end', [chatPiece('a')], /: the answer ended before its end$/],
    ['is done before its end', [chatPiece('a'), done], /: the answer ended before its end$/],
    [
      'holds an error',
      [chatPiece('a'), event({ error: { message: 'full' } })],
      /answered: "full"$/,
    ],
    ['holds an error event', ['event: error\ndata: full\n\n'], /answered: "full"$/],
    ['is no JSON', ['data: {"choices"\n\n'], /answered "\{\\"choices\\"", which is not JSON$/],
  ])('is an error when it %s', async (_name, pieces, message) => {
    expect((await failure(stream(pieces))).message).toMatch(message);
  });

  it('that breaks off is repeated only before its first text', async () => {
    for (const isLate of [false, true]) {
      const endpoint = await startEndpoint((_, response, count) => {
        sendPieces(response, count === 1 && !isLate ? [] : [chatPiece('a')]);
        if (count > 1) return response.end(end);
        setTimeout(() => response.destroy(), 50);
      });
      const texts: string[] = [];
      const answer = open(endpoint).respond.respond(request, { onText: (t) => texts.push(t) });
      if (isLate) expect((await failure(answer)).message).toMatch(/: the connection broke off/);
      else expect((await answer).text).toBe('a');
      expect(texts).toEqual(['a']);
      expect(endpoint.asked.length).toBe(isLate ? 1 : 2);
    }
  });
});
