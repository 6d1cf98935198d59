/** Chats and completions, by OpenAI's own client, against what the library computes itself. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpointModel } from '../../src/model/checkpointModel.ts';
import { generateText, type TextOptions } from '../../src/model/generate/generateText.ts';
import type { LanguageModel } from '../../src/model/languageModel.ts';
import { byteTokenizer, scriptedLogits, toyModel } from '../model/generate/toyModel.ts';
import { asking, eventsOf, listening, TEMPLATE, tinyModel } from './running.ts';

const model = await tinyModel('llama', TEMPLATE);
const next = model.next!;
const PROMPT = 'w4 w5 w6';

async function expected(prompt: string | readonly number[], options: TextOptions) {
  const [found] = await generateText(next, [prompt], options);
  return found!.hypotheses;
}

describe('/v1/completions', () => {
  it('is what generateText writes, with its tokens counted', async () => {
    const { client } = await listening(model);
    const [wanted] = await expected(PROMPT, { maxNewTokens: 9 });
    const found = await client.completions.create({
      ...{ model: 'llama', prompt: PROMPT, max_tokens: 9 },
    });
    expect(found.choices.map(({ text }) => text)).toEqual([wanted!.text]);
    const written = wanted!.tokens.length;
    expect(found.usage).toEqual({
      ...{ prompt_tokens: 3, completion_tokens: written, total_tokens: 3 + written },
    });
  });

  it('draws what generateText draws, several at once and for the same seed', async () => {
    const { client } = await listening(model);
    const settings = { maxNewTokens: 6, temperature: 0.9, topP: 0.95, seed: 5, hypotheses: 3 };
    const wanted = (await expected(PROMPT, settings)).map(({ text }) => text);
    const found = await client.completions.create({
      ...{ model: 'llama', prompt: PROMPT, max_tokens: 6 },
      ...{ temperature: 0.9, top_p: 0.95, seed: 5, n: 3 },
    });
    expect(found.choices.map(({ text }) => text)).toEqual(wanted);
    expect(new Set(wanted).size).toBeGreaterThan(1);
  });

  it('draws another text each time where no seed is given, and never without being asked', async () => {
    const seeds = [1, 2, 1];
    const ask = asking(model, { drawSeed: () => seeds.shift()! });
    const textOf = async (rest: object) => {
      const answer = await ask('/v1/completions', { prompt: PROMPT, max_tokens: 8, ...rest });
      return (await answer.json()).choices[0].text;
    };
    const [first, second, again] = [
      await textOf({ temperature: 1 }),
      await textOf({ temperature: 1 }),
      await textOf({ temperature: 1 }),
    ];
    expect(second).not.toBe(first);
    expect(again).toBe(first);
    expect(await textOf({})).toBe(await textOf({ temperature: 0, top_p: 0.5 }));
  });

  it('takes several prompts, as texts and as tokens', async () => {
    const { client } = await listening(model);
    const wanted = await generateText(next, [PROMPT, 'w9'], { maxNewTokens: 5 });
    const texts = wanted.map(({ hypotheses }) => hypotheses[0]!.text);
    for (const prompt of [
      [PROMPT, 'w9'],
      [[4, 5, 6], [9]],
    ]) {
      const found = await client.completions.create({ model: 'llama', prompt, max_tokens: 5 });
      expect(found.choices.map(({ text }) => text)).toEqual(texts);
      expect(found.choices.map(({ index }) => index)).toEqual([0, 1]);
    }
  });

  it('streams pieces that add up to the texts, and the usage at the end', async () => {
    const { client } = await listening(model);
    const settings = { maxNewTokens: 7, temperature: 1, seed: 3, hypotheses: 2 };
    const wanted = await expected(PROMPT, settings);
    const stream = await client.completions.create({
      ...{ model: 'llama', prompt: PROMPT, max_tokens: 7, temperature: 1, seed: 3, n: 2 },
      ...{ stream: true, stream_options: { include_usage: true } },
    });
    const texts = ['', ''];
    const finishes: (string | null)[] = [];
    const usages: unknown[] = [];
    let events = 0;
    for await (const { choices, usage } of stream) {
      events++;
      for (const choice of choices) {
        texts[choice.index] += choice.text;
        if (choice.finish_reason) finishes[choice.index] = choice.finish_reason;
      }
      if (usage) usages.push(usage);
    }
    expect(texts).toEqual(wanted.map(({ text }) => text));
    expect(finishes).toEqual(wanted.map(({ finish }) => (finish === 'length' ? finish : 'stop')));
    expect(events).toBeGreaterThan(8);
    const written = wanted.reduce((sum, { tokens }) => sum + tokens.length, 0);
    expect(usages).toEqual([
      { prompt_tokens: 3, completion_tokens: written, total_tokens: 3 + written },
    ]);
  });

  it('tells the log-probabilities of tokens and of the most probable ones', async () => {
    const { client } = await listening(model);
    const [wanted] = await expected(PROMPT, { maxNewTokens: 4 });
    const found = await client.completions.create({
      ...{ model: 'llama', prompt: PROMPT, max_tokens: 4, logprobs: 3 },
    });
    const { tokens, token_logprobs, top_logprobs, text_offset } = found.choices[0]!.logprobs!;
    expect(token_logprobs).toEqual(wanted!.logProbabilities);
    expect(tokens!.join('')).toBe(found.choices[0]!.text);
    expect(text_offset).toEqual(tokens!.map((_, i) => tokens!.slice(0, i).join('').length));
    const stream = await next.start([next.tokenizer.encode(PROMPT)]);
    const row = [...stream.logProbabilities()];
    stream.close();
    const best = row.map((value, token) => ({ value, token })).sort((a, b) => b.value - a.value);
    expect(top_logprobs![0]).toEqual(
      Object.fromEntries(best.slice(0, 3).map(({ value, token }) => [`w${token}`, value])),
    );
  });
});

describe('/v1/chat/completions', () => {
  const messages = [
    { role: 'system' as const, content: 'w1' },
    { role: 'user' as const, content: [{ type: 'text' as const, text: 'w2' }] },
  ];
  const prompt = [8, 1, 9, 2, 7];

  it("continues the conversation by the model's template", async () => {
    const { client } = await listening(model);
    const [wanted] = await expected(prompt, { maxNewTokens: 6 });
    const found = await client.chat.completions.create({
      ...{ model: 'llama', messages, max_completion_tokens: 6, logprobs: true, top_logprobs: 2 },
    });
    const [choice] = found.choices;
    expect(choice!.message).toEqual({ role: 'assistant', content: wanted!.text, refusal: null });
    expect(found.usage!.prompt_tokens).toBe(prompt.length);
    const { content } = choice!.logprobs!;
    expect(content!.map(({ logprob }) => logprob)).toEqual(wanted!.logProbabilities);
    for (const { token, bytes, logprob, top_logprobs: top } of content!) {
      expect(Buffer.from(bytes!).toString()).toBe(token);
      expect(top).toHaveLength(2);
      // Greedy: the token itself is the most probable one.
      expect(top[0]).toEqual({ token, bytes, logprob });
    }
    const again = [...messages, choice!.message, { role: 'user' as const, content: 'w3' }];
    const more = await client.chat.completions.create({ model: 'llama', messages: again });
    expect(more.usage!.prompt_tokens).toBeGreaterThan(prompt.length);
  });

  it('streams a role, and pieces and log-probabilities that add up', async () => {
    const { client } = await listening(model);
    const [wanted] = await expected(prompt, { maxNewTokens: 6 });
    const stream = await client.chat.completions.create({
      ...{ model: 'llama', messages, max_tokens: 6, logprobs: true, stream: true },
    });
    const deltas = [];
    const logprobs = [];
    for await (const { choices } of stream) {
      deltas.push(choices[0]!.delta);
      logprobs.push(...(choices[0]!.logprobs?.content ?? []).map(({ logprob }) => logprob));
    }
    expect(deltas.map(({ role }) => role).filter(Boolean)).toEqual(['assistant']);
    expect(deltas[0]!.role).toBe('assistant');
    expect(deltas.map(({ content = '' }) => content).join('')).toBe(wanted!.text);
    expect(logprobs).toEqual(wanted!.logProbabilities);
  });
});

describe('stop strings and characters of several tokens', () => {
  const END = 0;
  const utf8 = (text: string) => [...new TextEncoder().encode(text)];
  const scripted = (script: string): LanguageModel => ({
    name: 'scripted',
    next: toyModel(256, scriptedLogits(256, 1, utf8(script), END), {
      tokenizer: byteTokenizer([]),
      endTokens: [END],
    }),
    close: async () => {},
  });
  const body = { prompt: 'x', max_tokens: 99, logprobs: 0 };

  it('leave the tokens of a stop string out, in a stream as well', async () => {
    const ask = asking(scripted('one\n\ntwo'));
    const stop = ['\n\n', 'zzz'];
    const whole = await (await ask('/v1/completions', { ...body, stop })).json();
    expect(whole.choices[0]).toMatchObject({ text: 'one', finish_reason: 'stop' });
    expect(whole.choices[0].logprobs.tokens).toEqual(['o', 'n', 'e']);
    const response = await ask('/v1/completions', { ...body, stop: '\n\n', stream: true });
    const choices = eventsOf(await response.text()).map(
      (event) => (event as typeof whole).choices[0],
    );
    expect(choices.map(({ text }) => text).join('')).toBe('one');
    expect(choices.flatMap(({ logprobs }) => logprobs?.tokens ?? [])).toEqual(['o', 'n', 'e']);
  });

  it('give back what was held for a stop string that did not come', async () => {
    const ask = asking(scripted('one\n'));
    const whole = await (await ask('/v1/completions', { ...body, stop: '\n\n' })).json();
    expect(whole.choices[0]).toMatchObject({ text: 'one\n', finish_reason: 'stop' });
    expect(whole.choices[0].logprobs.tokens).toEqual(['o', 'n', 'e', '\n']);
  });

  it('tell no bytes of half a character, and its text with the last token', async () => {
    const chat = { ...scripted('a€'), chatPrompt: () => 'x' };
    const response = await asking(chat)('/v1/chat/completions', {
      ...{ messages: [{ role: 'user', content: 'x' }], logprobs: true },
    });
    const [{ message, logprobs }] = (await response.json()).choices;
    expect(message.content).toBe('a€');
    const seen = logprobs.content.map(({ token, bytes }: { token: string; bytes: unknown }) => ({
      ...{ token, bytes },
    }));
    expect(seen).toEqual([
      { token: 'a', bytes: [97] },
      { token: '\uFFFD', bytes: null },
      { token: '\uFFFD', bytes: null },
      { token: '€', bytes: null },
    ]);
  });
});

const SHARED = join(import.meta.dirname, '../../../shared/models/llama-captions');

describe.skipIf(!existsSync(SHARED))('a trained model (skipped without ../shared)', () => {
  it('completes as the library does, spaces and all', async () => {
    const real = await openCheckpointModel(SHARED, 'llama-captions');
    const { client, close } = await listening(real);
    const prompt = 'A man in a';
    const [wanted] = await generateText(real.next!, [prompt], { maxNewTokens: 24 });
    const { text, logProbabilities, tokens } = wanted!.hypotheses[0]!;
    const found = await client.completions.create({
      ...{ model: 'llama-captions', prompt, max_tokens: 24, logprobs: 1 },
    });
    const [choice] = found.choices;
    expect(choice!.text).toBe(text);
    const length = choice!.logprobs!.tokens!.length;
    expect(choice!.logprobs!.tokens!.join('')).toBe(text);
    expect(choice!.logprobs!.token_logprobs).toEqual(logProbabilities.slice(0, length));
    expect(tokens.length - length).toBeLessThanOrEqual(1);
    await close(0);
    await real.close();
  });
});
