import { describe, expect, it } from 'vitest';
import { httpClassifier } from '../../../src/model/http/httpClassifier.ts';
import { answeredLabel, parseLabelWords } from '../../../src/model/http/labelWords.ts';
import {
  chatAnswer,
  completionAnswer,
  failure,
  open,
  sendJson,
  startEndpoint,
} from './fakeEndpoint.ts';

const labels = { negative: [' bad', ' awful'], positive: [' good'] };
const prompt = 'Review: {text}\nThe review is';
const items = ['dull', 'fun {text} $&'].map((text, i) => ({ id: `n${i}`, text }));

type Alternatives = readonly (readonly [token: string, probability: number])[];

const chatForm = (alternatives: Alternatives, drawn = alternatives[0]!) => {
  const list = alternatives.map(([token, p]) => ({ token, logprob: Math.log(p), bytes: null }));
  const [token, p] = drawn;
  return chatAnswer(token, {
    logprobs: { content: [{ token, logprob: Math.log(p), top_logprobs: list }] },
  });
};

const completionForm = (alternatives: Alternatives, drawn = alternatives[0]!) =>
  completionAnswer(drawn[0], {
    logprobs: {
      tokens: [drawn[0]],
      token_logprobs: [Math.log(drawn[1])],
      top_logprobs: [Object.fromEntries(alternatives.map(([t, p]) => [t, Math.log(p)]))],
    },
  });

const forms = [
  { api: 'chat', write: chatForm, fields: { logprobs: true, top_logprobs: 3 } },
  { api: 'completions', write: completionForm, fields: { logprobs: 3 } },
] as const;

describe.each(forms)('first tokens, $api', ({ api, write, fields }) => {
  it('are the most probable ones, most probable first', async () => {
    const endpoint = await startEndpoint((_, response) =>
      sendJson(
        response,
        write([
          [' b', 0.2],
          [' a', 0.5],
          [' c', 0.1],
          [' drawn', 0.01],
        ]),
      ),
    );
    const first = await open(endpoint, { api }).firstTokenLogProbabilities('x', 3);
    expect(first).toEqual([
      { text: ' a', logProbability: Math.log(0.5) },
      { text: ' b', logProbability: Math.log(0.2) },
      { text: ' c', logProbability: Math.log(0.1) },
    ]);
    expect(endpoint.asked[0]?.body).toMatchObject({ max_tokens: 1, temperature: 1, ...fields });
  });

  it('are the same whichever token was drawn', async () => {
    const endpoint = await startEndpoint((_, response) =>
      sendJson(
        response,
        write(
          [
            [' a', 0.9],
            [' b', 0.05],
          ],
          [' z', 0.01],
        ),
      ),
    );
    const first = await open(endpoint, { api }).firstTokenLogProbabilities('x', 5);
    expect(first?.map(({ text }) => text)).toEqual([' a', ' b']);
  });

  it('are undefined where the server gives none, and an error where there is no token', async () => {
    let logprobs: unknown = null;
    const endpoint = await startEndpoint((_, response) =>
      sendJson(response, (api === 'chat' ? chatAnswer : completionAnswer)('', { logprobs })),
    );
    const model = open(endpoint, { api });
    expect(await model.firstTokenLogProbabilities('x', 5)).toBeUndefined();
    logprobs = { content: [] };
    const error = await failure(model.firstTokenLogProbabilities('x', 5));
    expect(error.message).toMatch(/: ended its answer before a first token$/);
    expect((await failure(model.firstTokenLogProbabilities('x', 0))).message).toMatch(/topK is 0/);
  });
});

describe.each(forms)('a classifier, $api', ({ api, write }) => {
  it('sums the probabilities of the words of each label', async () => {
    const endpoint = await startEndpoint(({ body }, response) => {
      const isFun = JSON.stringify(body).includes('fun');
      const dull = [
        [' bad', 0.4],
        [' Awful', 0.2],
        [' good', 0.1],
        [' a', 0.3],
      ] as const;
      sendJson(
        response,
        write(
          isFun
            ? [
                ['▁good', 0.3],
                [' goo', 0.6],
              ]
            : dull,
        ),
      );
    });
    const classifier = httpClassifier(open(endpoint, { api }), { prompt, labels });
    const [dull, fun] = await classifier.logProbabilities(items);
    expect(classifier.labels).toEqual(['negative', 'positive']);
    expect(dull?.[0]).toBeCloseTo(Math.log(6 / 7), 12);
    expect(dull?.[1]).toBeCloseTo(Math.log(1 / 7), 12);
    expect([...(fun ?? [])]).toEqual([Number.NEGATIVE_INFINITY, 0]);
    expect(classifier).not.toHaveProperty('isHard');
    const sent = endpoint.asked.map(({ body }) => JSON.stringify(body)).sort();
    expect(sent[1]).toContain('Review: fun {text} $&\\nThe review is');
  });

  it('names the item and the tokens when no word is among them', async () => {
    const endpoint = await startEndpoint((_, response) =>
      sendJson(
        response,
        write([
          [' neg', 0.9],
          ['\u001b', 0.1],
        ]),
      ),
    );
    const classifier = httpClassifier(open(endpoint, { api }), { prompt, labels });
    const error = await failure(classifier.logProbabilities(items.slice(0, 1)));
    expect(error.message).toBe(
      `model "${endpoint.name}", item "n0": the most probable first tokens are " neg", "\\u001b", and none is among the labels' words "bad", "awful", "good"`,
    );
  });
});

describe('a classifier without log-probabilities', () => {
  const answering = async (answer: string) => {
    const endpoint = await startEndpoint((_, response) => sendJson(response, chatAnswer(answer)));
    return { endpoint, model: open(endpoint) };
  };

  it('takes the answer, says so, and no longer asks for them', async () => {
    const { endpoint, model } = await answering('\n GOOD, I think.');
    const classifier = httpClassifier(model, { prompt, labels });
    expect(classifier.isHard).toBeUndefined();
    for (let round = 0; round < 2; round++) {
      const [answer] = await classifier.logProbabilities(items.slice(0, 1));
      expect([...(answer ?? [])]).toEqual([Number.NEGATIVE_INFINITY, 0]);
      expect(classifier.isHard).toBe(true);
    }
    const limits = endpoint.asked.map(({ body }) => [body.max_tokens, body.temperature]);
    expect(limits).toEqual([
      [1, 1],
      [16, 0],
      [16, 0],
    ]);
  });

  it('never asks for them if told so', async () => {
    const { endpoint, model } = await answering('bad');
    const classifier = httpClassifier(model, { prompt, labels, isHard: true, maxTokens: 5 });
    expect(classifier.isHard).toBe(true);
    await classifier.logProbabilities(items);
    expect(endpoint.asked.map(({ body }) => 'logprobs' in body)).toEqual([false, false]);
    expect(endpoint.asked[0]?.body.max_tokens).toBe(5);
  });

  it('names the answer that is no label', async () => {
    const { model } = await answering('So-so\u0007 "really"');
    const classifier = httpClassifier(model, { prompt, labels });
    expect((await failure(classifier.logProbabilities(items.slice(0, 1)))).message).toMatch(
      /item "n0": the answer is "So-so \\"really\\"", and none is among the labels' words/,
    );
  });
});

describe('the words of labels', () => {
  it('decide by the longest that the answer begins with', () => {
    const words = parseLabelWords({ some: ['good'], much: ['very good', 'good indeed'] }, 'm');
    expect(answeredLabel(' Good indeed!', words)).toBe('much');
    expect(answeredLabel('good', words)).toBe('some');
    expect(answeredLabel('not good', words)).toBeUndefined();
    expect(answeredLabel('', words)).toBeUndefined();
  });

  it.each([
    [{ a: ['x'] }, /has 1 labels, not two/],
    [{ a: ['x'], b: [] }, /label "b" has no words/],
    [{ a: ['x'], b: ['  '] }, /label "b" has an empty word/],
    [{ a: ['x'], b: [' X'] }, /labels "a" and "b" share the word "x"/],
  ])('%j are refused', (labels, message) => {
    expect(() => parseLabelWords(labels as Record<string, string[]>, 'm')).toThrow(message);
  });

  it('need a prompt with a place for the text', async () => {
    const endpoint = await startEndpoint(() => {});
    expect(() => httpClassifier(open(endpoint), { prompt: 'Good?', labels })).toThrow(
      /the prompt "Good\?" has no \{text\}/,
    );
  });
});
