/** Labels, translations, vectors; models that only respond or write; what a model cannot do. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensemble } from '../../src/ensemble/ensemble.ts';
import { openCheckpointModel } from '../../src/model/checkpointModel.ts';
import { generateText } from '../../src/model/generate/generateText.ts';
import { openHttpModel } from '../../src/model/http/openHttpModel.ts';
import type { LanguageModel } from '../../src/model/languageModel.ts';
import { labelPrediction } from '../../src/task/data/prediction.ts';
import { constantClassifier, failingClassifier } from '../ensemble/members.ts';
import {
  chatAnswer,
  chatPiece,
  sendJson,
  sendPieces,
  startEndpoint,
} from '../model/http/fakeEndpoint.ts';
import { asking, eventsOf, listening, tinyModel } from './running.ts';

const classifier = await tinyModel('bert');
const translator = await tinyModel('marian');
const TEXTS = ['w95 w62 w56 w61 w65', 'w4 w5', 'w9 w8 w7 w6'];
const items = TEXTS.map((text, i) => ({ id: String(i), text }));

describe('/v1/classify', () => {
  it('is what predict tells', async () => {
    const { labels, logProbabilities } = classifier.classify!;
    const rows = await logProbabilities(items);
    const wanted = rows.map((row, index) => {
      const { label, probabilities } = labelPrediction('', labels, row);
      return { index, label, probabilities };
    });
    const answer = await asking(classifier)('/v1/classify', { input: TEXTS });
    expect(await answer.json()).toEqual({ object: 'list', model: 'bert', data: wanted });
    const alone = await asking(classifier)('/v1/classify', { input: TEXTS[0] });
    expect((await alone.json()).data[0].label).toBe(wanted[0]!.label);
  });

  it('refuses a text that is too long, or cuts it', async () => {
    const input = 'w1 '.repeat(65);
    const ask = asking(classifier);
    const refused = await ask('/v1/classify', { input });
    expect(refused.status).toBe(400);
    expect((await refused.json()).error.message).toMatch(/65 tokens, and bert reads 64/);
    expect((await ask('/v1/classify', { input, truncate: true })).status).toBe(200);
  });
});

describe('an ensemble', () => {
  const members = [
    { model: constantClassifier('steady', { a: 0.9, b: 0.1 }) },
    { model: failingClassifier('gone', ['a', 'b']) },
  ];

  it('tells who was missing', async () => {
    const model = ensemble({ ensemble: 'linear', members, on_failure: 'drop' });
    const answer = await (await asking(model)('/v1/classify', { input: 'x' })).json();
    expect(answer.missing).toEqual(['gone']);
    expect(answer.data[0].probabilities.a).toBeCloseTo(0.9, 12);
  });

  it('without a policy fails with the name of the member', async () => {
    const model = ensemble({ ensemble: 'linear', members });
    const answer = await asking(model)('/v1/classify', { input: 'x' });
    expect(answer.status).toBe(400);
    expect((await answer.json()).error.message).toContain('gone: HTTP 503');
  });
});

describe('/v1/translate', () => {
  it('is what the library translates, with beams', async () => {
    const options = { beams: 3, maxNewTokens: 6 };
    const found = await generateText(translator.next!, TEXTS, options);
    const answer = await asking(translator)('/v1/translate', {
      ...{ input: TEXTS, beams: 3, max_tokens: 6 },
    });
    expect((await answer.json()).data).toEqual(
      found.map(({ hypotheses: [best] }, index) => ({
        ...{ index, text: best!.text, logprob: best!.sumLogProb },
      })),
    );
  });
});

describe('/v1/embeddings', () => {
  it('are the vectors of the model, in both forms that the client asks for', async () => {
    const { client } = await listening(classifier);
    const wanted = (await classifier.embed!.vectors(items)).map((vector) => [...vector]);
    // Without a format the client asks for base64 and decodes it.
    const plain = await client.embeddings.create({ model: 'bert', input: TEXTS });
    const floats = await client.embeddings.create({
      ...{ model: 'bert', input: TEXTS, encoding_format: 'float' as const },
    });
    for (const { data } of [plain, floats]) {
      expect(data.map(({ embedding }) => [...embedding])).toEqual(wanted);
    }
  });
});

describe('models that respond', () => {
  const open = (name: string) => openHttpModel({ name, retries: 0 });

  it('get the conversation and answer in pieces', async () => {
    const { name, asked } = await startEndpoint((_, response) => {
      const end = chatPiece('', { finish_reason: 'stop' });
      sendPieces(response, [chatPiece('Hel'), chatPiece('lo'), end, 'data: [DONE]\n\n']);
      response.end();
    });
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ];
    const body = { messages, stream: true, max_tokens: 5, temperature: 0.5 };
    const answer = await asking(open(name))('/v1/chat/completions', body);
    const events = eventsOf(await answer.text()) as {
      choices: { delta: { content?: string } }[];
    }[];
    expect(events.map(({ choices }) => choices[0]!.delta.content)).toEqual([
      'Hel',
      'lo',
      undefined,
    ]);
    expect(asked[0]!.body).toMatchObject({ messages, max_tokens: 5, temperature: 0.5 });
  });

  it('tell their usage, and refuse what they cannot tell', async () => {
    const { name } = await startEndpoint((_, response) => sendJson(response, chatAnswer('Hello')));
    const ask = asking(open(name));
    const body = { messages: [{ role: 'user', content: 'Hi' }] };
    const found = await (await ask('/v1/chat/completions', { ...body, n: 2 })).json();
    expect(
      found.choices.map(({ message }: never) => (message as { content: string }).content),
    ).toEqual(['Hello', 'Hello']);
    const refused = await ask('/v1/chat/completions', { ...body, logprobs: true });
    expect(refused.status).toBe(400);
    expect((await refused.json()).error).toMatchObject({
      ...{ param: 'logprobs', code: 'unsupported_parameter' },
    });
  });
});

describe('models that write whole texts', () => {
  const writer: LanguageModel = {
    name: 'writer',
    write: {
      texts: async (given) =>
        given.map(({ text }) => ({ text: text.toUpperCase(), logProbability: -1 })),
    },
    close: async () => {},
  };

  it('read what the user said last, or a prompt, or a source', async () => {
    const ask = asking(writer);
    const messages = ['one', 'two'].map((content) => ({ role: 'user', content }));
    const chat = await (await ask('/v1/chat/completions', { messages })).json();
    expect(chat.choices[0].message.content).toBe('TWO');
    const streamed = await ask('/v1/completions', { prompt: ['a', 'b'], stream: true });
    const events = eventsOf(await streamed.text()) as { choices: { text: string }[] }[];
    expect(events.map(({ choices }) => choices[0]!.text)).toEqual(['A', 'B', '', '']);
    const translated = await (await ask('/v1/translate', { input: ['a'] })).json();
    expect(translated.data).toEqual([{ index: 0, text: 'A', logprob: -1 }]);
  });

  it('refuse settings, as they have their own', async () => {
    const answer = await asking(writer)('/v1/completions', { prompt: 'a', temperature: 1 });
    expect(answer.status).toBe(400);
    expect((await answer.json()).error.param).toBe('temperature');
    const other = await asking(writer)('/v1/translate', { input: 'a', beams: 2 });
    expect((await other.json()).error.param).toBe('beams');
  });
});

describe('what a model cannot do', () => {
  const chat = { messages: [{ role: 'user', content: 'w1' }] };
  it.each<[string, object, LanguageModel, RegExp]>([
    ['/v1/chat/completions', chat, translator, /does not chat; it answers \/v1\/translate/],
    [
      '/v1/completions',
      { prompt: 'w1' },
      classifier,
      /does not continue texts; it answers \/v1\/cl/,
    ],
    ['/v1/classify', { input: 'w1' }, translator, /does not label texts/],
    ['/v1/translate', { input: 'w1' }, classifier, /does not translate texts/],
    [
      '/v1/embeddings',
      { input: 'w1' },
      { name: 'x', close: async () => {} },
      /answers no endpoint/,
    ],
  ])('%s', async (path, body, model, message) => {
    const answer = await asking(model)(path, body);
    expect(answer.status).toBe(400);
    expect((await answer.json()).error).toMatchObject({
      ...{ message: expect.stringMatching(message), code: 'unsupported_capability' },
    });
  });

  it('points a model without a chat template to completions', async () => {
    const answer = await asking(await tinyModel('gpt2'))('/v1/chat/completions', chat);
    expect((await answer.json()).error.message).toMatch(
      /^gpt2: has no chat template; it answers \/v1\/completions/,
    );
  });
});

const SHARED = join(import.meta.dirname, '../../../shared');

describe.skipIf(!existsSync(SHARED))('trained models (skipped without ../shared)', () => {
  const linesOf = (path: string, count: number) =>
    readFileSync(join(SHARED, 'data', path), 'utf8')
      .split('\n')
      .slice(1, count + 1);

  it('label and translate as the library does', async () => {
    const open = (name: string) => openCheckpointModel(join(SHARED, 'models', name), name);
    const labeller = await open('bert-sst2-a');
    const input = linesOf('sst2/test.tsv', 8).map((line) => line.split('\t')[0]!);
    const labelled = await (await asking(labeller)('/v1/classify', { input })).json();
    const rows = await labeller.classify!.logProbabilities(
      input.map((text, i) => ({ id: String(i), text })),
    );
    labelled.data.forEach(({ probabilities }: { probabilities: object }, i: number) => {
      expect(Object.values(probabilities)).toEqual([...rows[i]!].map(Math.exp));
    });
    await labeller.close();
    const marian = await open('marian-de-en-a');
    const sources = linesOf('multi30k/test2016.tsv', 3).map((line) => line.split('\t')[0]!);
    const answer = await asking(marian)('/v1/translate', { input: sources, beams: 4 });
    const wanted = await generateText(marian.next!, sources, { beams: 4 });
    expect((await answer.json()).data.map(({ text }: { text: string }) => text)).toEqual(
      wanted.map(({ hypotheses }) => hypotheses[0]!.text),
    );
    await marian.close();
  });
});
