import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPanel } from '../../src/ensemble/panel/createPanel.ts';
import { openCheckpointModel } from '../../src/model/checkpointModel.ts';
import { generateText } from '../../src/model/generate/generateText.ts';
import { responderOf } from '../../src/model/generate/textResponder.ts';
import type { ChatMessage, LanguageModel, TokenModel } from '../../src/model/languageModel.ts';
import type { Tokenizer } from '../../src/model/tokenizer.ts';
import { FAMILIES } from './family.ts';
import { toyModel } from './generate/toyModel.ts';
import { chatAnswer, failure, open, sendJson, startEndpoint } from './http/fakeEndpoint.ts';
import { withTokenizer } from './tinyTokenizer.ts';

/** Words are numbers; 0 begins every text, 7 ends it. */
const tokenizer: Tokenizer = {
  encode: (text, { specialTokens = true } = {}) => [
    ...(specialTokens ? [0] : []),
    ...text.split(' ').map(Number),
  ],
  decode: (ids) => ids.join(' '),
};

/** Counts: after k most probably comes k + 1. */
const counts = (rest: Partial<TokenModel> = {}) =>
  toyModel(
    8,
    (tokens) => Array.from({ length: 8 }, (_, k) => (k === (tokens.at(-1) ?? 0) + 1 ? 2 : 0)),
    { tokenizer, endTokens: [7], ...rest },
  );

/** Of each token of a count. */
const LIKELY = 2 - Math.log(Math.exp(2) + 7);

function modelOf(next: TokenModel, rest: Partial<LanguageModel> = {}): LanguageModel {
  return { name: 'counter', next, close: async () => {}, ...rest };
}

const respondOf = (model: LanguageModel) => responderOf(model)!.respond;

describe('a local model as one that responds', () => {
  it('continues a prompt, and tells tokens and log-probability', async () => {
    const respond = respondOf(modelOf(counts()));
    const pieces: string[] = [];
    const response = await respond({ prompt: '3' }, { onText: (piece) => pieces.push(piece) });
    expect(response).toMatchObject({
      ...{ text: '4 5 6', finish: 'stop', inputTokens: 2, outputTokens: 4 },
    });
    expect(response.logProbability).toBeCloseTo(4 * LIKELY, 5);
    expect(pieces.join('')).toBe('4 5 6');
  });

  it('obeys what is asked', async () => {
    const respond = respondOf(modelOf(counts()));
    expect(await respond({ prompt: '1', maxTokens: 2 })).toMatchObject({
      ...{ text: '2 3', finish: 'length', outputTokens: 2 },
    });
    expect(await respond({ prompt: '1', stop: [' 4'] })).toMatchObject({
      ...{ text: '2 3', finish: 'stop' },
    });
    const drawn = (seed: number) => respond({ prompt: '1', temperature: 5, topP: 0.99, seed });
    expect((await drawn(1)).text).toBe((await drawn(1)).text);
    const texts = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(async (seed) => (await drawn(seed)).text),
    );
    expect(new Set(texts).size).toBeGreaterThan(1);
    const long = failure(respondOf(modelOf(counts({ maxTokens: 3 })))({ prompt: '1 2 3 4' }));
    expect((await long).message).toContain('tokens');
    const cut = respondOf(modelOf(counts({ maxTokens: 4 })));
    expect((await cut({ prompt: '1 2 3 4' }, { truncate: true })).text).toMatch(/^5/);
  });

  it('takes a plain prompt for what a user says if it has a template, which writes all tokens', async () => {
    const seen: (readonly ChatMessage[])[] = [];
    const chatPrompt = (messages: readonly ChatMessage[]) => {
      seen.push(messages);
      return `5 5 ${messages.at(-1)!.content}`;
    };
    const respond = respondOf(modelOf(counts(), { chatPrompt }));
    expect(await respond({ prompt: '2' })).toMatchObject({ text: '3 4 5 6', inputTokens: 3 });
    const talk: ChatMessage[] = [
      { role: 'system', content: '1' },
      { role: 'user', content: '4' },
    ];
    expect((await respond({ prompt: talk })).text).toBe('5 6');
    expect(seen).toEqual([[{ role: 'user', content: '2' }], talk]);
  });

  it('takes one message of a user without a template, and no other conversation', async () => {
    const respond = respondOf(modelOf(counts()));
    expect((await respond({ prompt: [{ role: 'user', content: '4' }] })).text).toBe('5 6');
    const talk: ChatMessage[] = [
      { role: 'system', content: '1' },
      { role: 'user', content: '4' },
    ];
    expect((await failure(respond({ prompt: talk }))).message).toBe(
      'model "counter": has no chat template, so that it takes one message of a user, not 2 of system, user',
    );
  });

  it('writes what a running checkpoint generates', async () => {
    const model = await openCheckpointModel(withTokenizer(join(FAMILIES, 'llama')), 'tiny');
    try {
      const [generation] = await generateText(model.next!, ['w4 w5'], { maxNewTokens: 5 });
      const [best] = generation!.hypotheses;
      const response = await respondOf(model)({ prompt: 'w4 w5', maxTokens: 5 });
      expect(response.text.split(' ')).toHaveLength(best!.tokens.length);
      expect(response).toMatchObject({
        ...{ text: best!.text, logProbability: best!.sumLogProb, inputTokens: 2 },
      });
    } finally {
      await model.close();
    }
  });

  it('stops with its signal, and closes its stream', async () => {
    const next = counts();
    const controller = new AbortController();
    const respond = respondOf(modelOf(next));
    const onText = () => controller.abort();
    const response = respond({ prompt: '1' }, { signal: controller.signal, onText });
    expect((await failure(response)).code).toBe('aborted');
    expect(next.openStreams()).toBe(0);
  });

  it('is what the model has itself, or nothing', () => {
    const respond = { respond: () => Promise.reject(new Error('not used')) };
    expect(responderOf(modelOf(counts(), { respond }))).toBe(respond);
    expect(responderOf({ name: 'mute', close: async () => {} })).toBeUndefined();
  });

  it('sits in a panel beside an endpoint', async () => {
    const endpoint = await startEndpoint((_, response) => sendJson(response, chatAnswer('9')));
    const member = (name: string, model: LanguageModel) =>
      ({ name, model, weight: 1, temperature: 1 }) as const;
    const members = [member('local', modelOf(counts())), member('remote', open(endpoint))];
    const vote = (answers: readonly { readonly text: string }[]) => {
      expect(answers.map(({ text }) => text)).toEqual(['6', '9']);
      return { index: 0 };
    };
    const { text, report } = await createPanel(members, { mode: 'vote' }, { vote }).respond({
      prompt: '5',
    });
    expect(text).toBe('6');
    expect(report.totals).toMatchObject({ inputTokens: 2 + 3, outputTokens: 2 + 2 });
  });
});
