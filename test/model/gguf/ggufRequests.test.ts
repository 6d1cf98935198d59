/** GGUF models in use: tokenizers, requests that are wrong or stopped, and the end of a model. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openGgufModel } from '../../../src/model/gguf/openGgufModel.ts';
import type { LanguageModel, TokenModel } from '../../../src/model/languageModel.ts';
import { hasLlamaCpp, nextOf, tinyGguf, writeTemporary } from './tinyGguf.ts';

const file = writeTemporary(tinyGguf());
const open = (name = 'tiny') => openGgufModel(file.path, name, { threads: 1 });
const describeRunning = describe.skipIf(!hasLlamaCpp);
let model: LanguageModel;
let next: TokenModel;

beforeAll(async () => {
  if (!hasLlamaCpp) return;
  model = await open();
  next = nextOf(model);
});

afterAll(async () => {
  await model?.close();
  file.remove();
});

const ABORTED = { code: 'aborted' };
const long = { input: Array.from({ length: 60 }, (_, i) => i), continuation: [1] };
const many = Array.from({ length: 200 }, () => long);

describeRunning('the tokenizer', () => {
  it('adds the token that begins texts, unless told otherwise', () => {
    const { encode, decode } = next.tokenizer;
    const ids = encode('the thing');
    expect(ids[0]).toBe(1);
    expect(encode('the thing', { specialTokens: false })).toEqual(ids.slice(1));
    expect(decode(ids)).toBe('the thing');
    expect(decode(ids, { specialTokens: true })).toMatch(/^<s> ?the thing$/);
    expect(encode('')).toEqual([1]);
    expect(decode([])).toBe('');
  });

  it('puts a pair of texts one after the other', () => {
    const { encode } = next.tokenizer;
    const second = encode('b', { specialTokens: false });
    expect(encode('a', { pair: 'b' })).toEqual([...encode('a'), ...second]);
  });

  it('knows special tokens in a text', () => {
    expect(next.tokenizer.encode('</s>', { specialTokens: false })).toEqual([2]);
  });

  it('names a character that it cannot write, and a token that there is not', () => {
    const { encode, decode } = next.tokenizer;
    expect(() => encode('caf\u00e9')).toThrow('tiny has no token for "\u00e9"');
    expect(() => decode([1, 128])).toThrow('tiny has tokens 0 to 127, and 128 is asked for');
  });
});

describeRunning('a wrong request', () => {
  it('names what is wrong with an input', async () => {
    await expect(next.start([[]])).rejects.toThrow('a sequence begins with at least one token');
    await expect(next.start([[1, -1]])).rejects.toThrow('tokens 0 to 127, and -1 is asked for');
    await expect(next.start([Array(65).fill(1)])).rejects.toThrow(
      'a sequence has 65 tokens, and tiny reads 64',
    );
    const rows = [{ input: [], continuation: [1] }];
    await expect(next.continuationLogProbabilities(rows)).rejects.toThrow(
      'a text is scored after at least one token of input',
    );
  });

  it('names what is wrong with a step, which leaves the stream as it was', async () => {
    const stream = await next.start([Array(63).fill(1)]);
    await expect(stream.advance([1], [1])).rejects.toThrow('there are 1 rows, and row 1 is to be');
    await expect(stream.advance([0], [1, 2])).rejects.toThrow('1 rows are continued by 2 tokens');
    await expect(stream.advance([0], [500])).rejects.toThrow('500 is asked for');
    await stream.advance([0], [1]);
    await expect(stream.advance([0], [1])).rejects.toThrow('65 tokens, and tiny reads 64');
    stream.close();
  });
});

describeRunning('a stopped request', () => {
  it('is not begun when it is stopped already', async () => {
    const options = { signal: AbortSignal.abort() };
    await expect(next.start([[1]], options)).rejects.toMatchObject(ABORTED);
    await expect(next.continuationLogProbabilities([long], options)).rejects.toMatchObject(ABORTED);
    const items = [{ id: 'a', text: 'the' }];
    await expect(model.score!.scores(items, options)).rejects.toMatchObject(ABORTED);
    await expect(model.embed!.vectors(items, options)).rejects.toMatchObject(ABORTED);
  });

  it('fails at once, and other requests go on', async () => {
    const stopping = new AbortController();
    const stopped = next.continuationLogProbabilities(many, { signal: stopping.signal });
    const other = next.continuationLogProbabilities([long]);
    stopping.abort();
    await expect(stopped).rejects.toMatchObject(ABORTED);
    expect((await other)[0]).toHaveLength(1);
  });

  it('ends its stream', async () => {
    const stream = await next.start([[1, 2]]);
    const stopping = new AbortController();
    const step = stream.advance([0], [3], { signal: stopping.signal });
    stopping.abort();
    await expect(step).rejects.toMatchObject(ABORTED);
    await expect(stream.advance([0], [3])).rejects.toMatchObject({ code: 'internal' });
    stream.close();
  });
});

describeRunning('a stream', () => {
  it('may be closed twice, and says nothing afterwards', async () => {
    const stream = await next.start([[1, 2]]);
    stream.close();
    stream.close();
    await expect(stream.advance([0], [3])).rejects.toMatchObject({ code: 'internal' });
  });

  it('takes its steps one after the other', async () => {
    const stream = await next.start([[1, 2]]);
    await Promise.all([stream.advance([0, 0], [3, 4]), stream.advance([1], [5])]);
    const whole = await next.start([[1, 2, 4, 5]]);
    expect(stream.rowCount()).toBe(1);
    stream.logProbabilities().forEach((value, token) => {
      expect(value).toBeCloseTo(whole.logProbabilities()[token]!, 4);
    });
    stream.close();
    whole.close();
  });
});

describeRunning('the end of a model', () => {
  it('stops what is under way and what comes later, and may be asked for twice', async () => {
    const ending = await open();
    const stream = await nextOf(ending).start([[1, 2]]);
    const pending = [
      nextOf(ending).continuationLogProbabilities(many),
      nextOf(ending).start(many.map(({ input }) => input)),
      stream.advance([0], [3]),
      ending.embed!.vectors([{ id: 'a', text: 'the' }]),
    ];
    const failures = Promise.allSettled(pending);
    await Promise.all([ending.close(), ending.close()]);
    await ending.close();
    for (const { status, ...rest } of await failures) {
      expect({ status, ...rest }).toMatchObject({ status: 'rejected', reason: ABORTED });
    }
    await expect(nextOf(ending).start([[1]])).rejects.toMatchObject(ABORTED);
    expect(() => nextOf(ending).tokenizer.encode('a')).toThrow(expect.objectContaining(ABORTED));
    expect(() => nextOf(ending).tokenizer.decode([1])).toThrow(expect.objectContaining(ABORTED));
    stream.close();
  });

  it('leaves other models alone, and nothing is printed', async () => {
    const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
      vi.spyOn(console, level),
    );
    const [one, two] = await Promise.all([open('one'), open('two')]);
    await one.close();
    const stream = await nextOf(two).start([[1, 2]]);
    expect(stream.logProbabilities()).toHaveLength(128);
    await two.close();
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
  });
});
