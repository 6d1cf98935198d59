/** Top-k fusion of real HTTP servers, whose distributions are known here, and of token models. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  END,
  fusePieces,
  isFirstCertain,
  type NextPiece,
} from '../../../src/ensemble/unionTopK/fusePieces.ts';
import { createUnionTopK } from '../../../src/ensemble/unionTopK/unionTopK.ts';
import { generateText } from '../../../src/model/generate/generateText.ts';
import type { LanguageModel } from '../../../src/model/languageModel.ts';
import { hashLogits, logSoftmax } from '../../model/generate/toyModel.ts';
import {
  type Behaviour,
  chatAnswer,
  completionAnswer,
  failure,
  open,
  sendJson,
  startEndpoint,
} from '../../model/http/fakeEndpoint.ts';
import { pieceModel } from '../agreement/pieceModel.ts';

type Distribution = ReadonlyMap<string, number>;

const PIECES = ['a', 'b', 'ab', ' c', 'é', '</s>'];

/** Log-probabilities of the next piece, a function of the whole prompt. */
function distribution(seed: number, prompt: string, pieces = PIECES): Distribution {
  const codes = Array.from(prompt, (character) => character.codePointAt(0)!);
  const row = logSoftmax(hashLogits(pieces.length, seed)(codes));
  return new Map(pieces.map((piece, i) => [piece, row[i]!]));
}

function topOf(all: Distribution, count: number): [string, number][] {
  return [...all].sort((a, b) => b[1] - a[1]).slice(0, count);
}

/** Answers as an OpenAI-compatible server does when asked for one token with log-probabilities. */
function completions(next: (prompt: string) => Distribution): Behaviour {
  return ({ body }, response) => {
    const top = topOf(next(String(body.prompt)), Number(body.logprobs));
    const [[token, logprob]] = top as [[string, number]];
    const logprobs = {
      tokens: [token],
      token_logprobs: [logprob],
      top_logprobs: [Object.fromEntries(top)],
    };
    sendJson(response, completionAnswer(token, { logprobs, finish_reason: 'length' }));
  };
}

async function serverMember(seed: number, weight = 1, pieces = PIECES) {
  const endpoint = await startEndpoint(completions((p) => distribution(seed, p, pieces)));
  const model = open(endpoint, { api: 'completions' });
  return { endpoint, member: { model, weight, endTexts: ['</s>'] } };
}

/** The fused lower bound of every piece that a list has, by a plain sum. */
function fusedByHand(
  lists: readonly [string, number][][],
  weights: readonly number[],
): Map<string, number> {
  const fused = new Map<string, number>();
  lists.forEach((list, i) => {
    for (const [piece, logProbability] of list) {
      fused.set(piece, (fused.get(piece) ?? 0) + weights[i]! * Math.exp(logProbability));
    }
  });
  return fused;
}

describe('greedy, over HTTP', () => {
  it('takes the piece of the greatest fused bound at every step, and says who listed it', async () => {
    const [one, two] = [await serverMember(1, 1), await serverMember(2, 3)];
    const union = createUnionTopK([one.member, two.member], { topK: 3 });
    const heard: string[] = [];
    const answer = await union.respond(
      { prompt: 'ab', maxTokens: 12 },
      { onText: (piece) => void heard.push(piece) },
    );
    let written = '';
    for (const step of answer.steps) {
      const lists = [1, 2].map((seed) => topOf(distribution(seed, `ab${written}`), 3));
      const fused = fusedByHand(lists, [0.25, 0.75]);
      const [[best, atLeast]] = [...fused].sort((a, b) => b[1] - a[1]) as [[string, number]];
      expect(step.text).toBe(best === '</s>' ? '' : best);
      expect(step.atLeast).toBeCloseTo(atLeast, 6);
      const seen = lists.map((list) => list.reduce((sum, [, value]) => sum + Math.exp(value), 0));
      step.unseen.forEach((mass, i) => {
        expect(mass).toBeCloseTo(1 - seen[i]!, 6);
      });
      const listed = lists.map((list) => list.find(([piece]) => piece === best)?.[1]);
      step.logProbabilities.forEach((found, i) => {
        if (listed[i] === undefined) expect(found).toBeUndefined();
        else expect(found).toBeCloseTo(listed[i], 6);
      });
      written += step.text;
    }
    expect(answer.text).toBe(written);
    expect(heard.join('')).toBe(written);
    expect(answer.approximate).toBe(true);
    const masses = answer.steps.map(({ unseen }) => 0.25 * unseen[0]! + 0.75 * unseen[1]!);
    expect(answer.unseen.max).toBeCloseTo(Math.max(...masses), 12);
    expect(answer.unseen.mean).toBeCloseTo(masses.reduce((a, b) => a + b) / masses.length, 12);
    expect(one.endpoint.asked.length).toBe(answer.steps.length);
  });

  it('two copies of one model write its own greedy text, up to its end', async () => {
    for (const seed of [3, 4, 5, 6]) {
      const { member } = await serverMember(seed);
      const { text, finish } = await createUnionTopK([member, member]).respond({
        prompt: 'x',
        maxTokens: 10,
      });
      let own = '';
      let isEnded = false;
      for (let step = 0; step < 10 && !isEnded; step++) {
        const [[piece]] = topOf(distribution(seed, `x${own}`), 1) as [[string, number]];
        isEnded = piece === '</s>';
        if (!isEnded) own += piece;
      }
      expect({ text, finish }).toEqual({ text: own, finish: isEnded ? 'stop' : 'length' });
    }
  });

  it('asks all members at once', async () => {
    let waiting: (() => void)[] = [];
    const meet: Behaviour = async (asked, response, count) => {
      await new Promise<void>((go) => {
        waiting.push(go);
        if (waiting.length < 2) return;
        for (const each of waiting) each();
        waiting = [];
      });
      return completions((p) => distribution(8, p))(asked, response, count);
    };
    const endpoints = [await startEndpoint(meet), await startEndpoint(meet)];
    const members = endpoints.map((endpoint) => ({
      model: open(endpoint, { api: 'completions', retries: 0, timeoutMs: 5000 }),
      weight: 1,
    }));
    const { steps } = await createUnionTopK(members).respond({ prompt: 'a', maxTokens: 4 });
    expect(steps.length).toBe(4);
  });

  it('ends at a stop string, wherever pieces are cut', async () => {
    const script = ['on', 'e t', 'wo', ' three'];
    const next = (prompt: string): Distribution => {
      const at = script.findIndex((_, i) => prompt === `:${script.slice(0, i).join('')}`);
      return new Map([[script[at] ?? '!', Math.log(0.9)]]);
    };
    const endpoint = await startEndpoint(completions(next));
    const model = open(endpoint, { api: 'completions' });
    const union = createUnionTopK([{ model, weight: 1 }]);
    const { text, finish } = await union.respond({ prompt: ':', stop: [' two'] });
    expect({ text, finish }).toEqual({ text: 'one', finish: 'stop' });
  });
});

describe('over chat', () => {
  it('gives the text so far as a turn of the assistant', async () => {
    const pieces = ['He', 'y', '<|end|>'];
    const endpoint = await startEndpoint((_, response, count) => {
      const top = [{ token: pieces[count - 1]!, logprob: -0.1 }];
      sendJson(
        response,
        chatAnswer('', { logprobs: { content: [{ ...top[0], top_logprobs: top }] } }),
      );
    });
    const member = { model: open(endpoint), weight: 1, api: 'chat' as const };
    const union = createUnionTopK([{ ...member, endTexts: ['<|end|>'] }]);
    const { text, finish } = await union.respond({ prompt: 'Greet.' });
    expect({ text, finish }).toEqual({ text: 'Hey', finish: 'stop' });
    expect(endpoint.asked.map(({ body }) => body.messages)).toEqual(
      ['', 'He', 'Hey'].map((content) => [
        { role: 'user', content: 'Greet.' },
        ...(content === '' ? [] : [{ role: 'assistant', content }]),
      ]),
    );
  });
});

describe('sampling', () => {
  it('draws each first piece as often as the fusion of the lists has it', async () => {
    const lists = [distribution(1, 'p'), distribution(2, 'p')];
    const models = lists.map(
      (list): LanguageModel & { firstTokenLogProbabilities: () => Promise<typeof top> } => {
        const top = topOf(list, 6).map(([text, logProbability]) => ({ text, logProbability }));
        return { name: 'm', close: async () => {}, firstTokenLogProbabilities: async () => top };
      },
    );
    const union = createUnionTopK(
      models.map((model) => ({ model, weight: 1 })),
      { topK: 6 },
    );
    const drawn = new Map<string, number>();
    const draws = 4000;
    for (let seed = 0; seed < draws; seed++) {
      const { text } = await union.respond({ prompt: 'p', maxTokens: 1, temperature: 1, seed });
      drawn.set(text, (drawn.get(text) ?? 0) + 1);
    }
    const wanted = fusedByHand(
      lists.map((list) => [...list]),
      [0.5, 0.5],
    );
    // Chi-squared with 5 degrees of freedom; above 25.7 in one of 10,000 runs, and the seeds are fixed.
    const chi = [...wanted].reduce((sum, [piece, probability]) => {
      const expected = draws * probability;
      return sum + ((drawn.get(piece) ?? 0) - expected) ** 2 / expected;
    }, 0);
    expect(chi).toBeLessThan(25.7);
  });

  it('repeats a text for its seed', async () => {
    const { member } = await serverMember(9);
    const ask = (seed: number) =>
      createUnionTopK([member]).respond({ prompt: 'q', maxTokens: 8, temperature: 1.5, seed });
    expect((await ask(1)).text).toBe((await ask(1)).text);
    const texts = await Promise.all([1, 2, 3, 4].map(async (seed) => (await ask(seed)).text));
    expect(new Set(texts).size).toBeGreaterThan(1);
  });
});

describe('token models', () => {
  it('two copies of one write its greedy text', async () => {
    for (const seed of [1, 2, 3]) {
      const rest = { kind: 'causal', defaults: {} } as const;
      const next = pieceModel(['a', 'b', 'c', '\uFFFD'], seed, { ...rest, bannedTokens: [4] });
      const model: LanguageModel = { name: 'toy', next, close: async () => {} };
      const members = [1, 2].map(() => ({ model, weight: 1 }));
      const { text, finish, unseen } = await createUnionTopK(members, { topK: 4 }).respond({
        prompt: 'ab',
        maxTokens: 9,
      });
      const [own] = await generateText(next, ['ab'], { maxNewTokens: 9, strategy: 'greedy' });
      const { text: ownText, finish: ownFinish } = own!.hypotheses[0]!;
      expect({ text, finish }).toEqual({
        text: ownText,
        finish: ownFinish === 'end' ? 'stop' : 'length',
      });
      expect(unseen.max).toBeGreaterThan(0);
      expect(next.openStreams()).toBe(0);
    }
  });
});

describe('the bounds of a fused step', () => {
  const pieces = [...'abcdef'];
  const rowOf = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), {
    minLength: 6,
    maxLength: 6,
  });
  const listOf = (row: readonly number[], count: number): NextPiece[] => {
    const total = row.reduce((a, b) => a + b);
    const all = new Map(pieces.map((piece, i) => [piece, Math.log(row[i]! / total)]));
    return topOf(all, count).map(([text, logProbability]) => ({ text, logProbability }));
  };

  it('hold the true mixture between them, and a certain choice is the true one', () => {
    fc.assert(
      fc.property(rowOf, rowOf, fc.integer({ min: 1, max: 6 }), (a, b, count) => {
        const weights = [0.4, 0.6];
        const step = fusePieces([listOf(a, count), listOf(b, count)], weights);
        const truth = fusedByHand(
          [a, b].map((row) => listOf(row, 6).map((p) => [String(p.text), p.logProbability])),
          weights,
        );
        for (const { text, atLeast, atMost } of step.pieces) {
          const value = truth.get(String(text))!;
          expect(atLeast).toBeLessThanOrEqual(value + 1e-12);
          expect(atMost).toBeGreaterThanOrEqual(value - 1e-12);
          if (count === 6) expect(atLeast).toBeCloseTo(value, 12);
        }
        const best = Math.max(...truth.values());
        if (isFirstCertain(step, weights)) {
          expect(truth.get(String(step.pieces[0]!.text))).toBeCloseTo(best, 12);
        }
      }),
    );
  });

  it('count what cannot be written as unseen, and give no piece the mass of its beginning', () => {
    const list = (...entries: [NextPiece['text'], number][]): NextPiece[] =>
      entries.map(([text, p]) => ({ text, logProbability: Math.log(p) }));
    const { pieces, unseen } = fusePieces(
      [list(['the', 0.5], ['\uFFFD', 0.2], ['', 0.1], [END, 0.1]), list(['th', 0.6], [END, 0.3])],
      [0.5, 0.5],
    );
    const found = new Map(pieces.map(({ text, atLeast }) => [text, atLeast]));
    expect([...found.keys()]).toEqual(['th', 'the', END]);
    expect(found.get('the')).toBeCloseTo(0.25, 12);
    expect(found.get('th')).toBeCloseTo(0.3, 12);
    expect(found.get(END)).toBeCloseTo(0.2, 12);
    expect(unseen[0]).toBeCloseTo(0.4, 12);
    expect(unseen[1]).toBeCloseTo(0.1, 12);
  });
});

describe('what cannot be done', () => {
  it('is refused: no members, weights, texts of no token, servers without log-probabilities', async () => {
    expect(() => createUnionTopK([])).toThrow('union_topk: there are no members');
    const { member } = await serverMember(1);
    expect(() => createUnionTopK([{ ...member, weight: 0 }])).toThrow(
      /its weight 0 is not a positive number/,
    );
    expect(() => createUnionTopK([member], { topK: 0 })).toThrow(
      'topK: 0 is not a positive integer',
    );
    const none = await failure(createUnionTopK([member]).respond({ prompt: 'a', maxTokens: 0 }));
    expect(none.message).toBe('maxTokens: 0 is not a positive integer');
    const plain = await startEndpoint((_, response) => sendJson(response, completionAnswer('a')));
    const silent = { model: open(plain, { api: 'completions' }), weight: 1 };
    const error = await failure(createUnionTopK([silent]).respond({ prompt: 'a' }));
    expect(error.message).toMatch(/gives no log-probabilities of tokens$/);
    const mute: LanguageModel = { name: 'mute', close: async () => {} };
    expect(() => createUnionTopK([{ model: mute, weight: 1 }])).toThrow(
      'model "mute": it tells no next tokens, which top-k fusion is made of',
    );
  });

  it('stops when the caller says so, and gives up every request under way', async () => {
    const endpoints = [await startEndpoint(() => {}), await startEndpoint(() => {})];
    const members = endpoints.map((endpoint) => ({
      model: open(endpoint, { api: 'completions' }),
      weight: 1,
    }));
    const controller = new AbortController();
    const asked = failure(
      createUnionTopK(members).respond({ prompt: 'a' }, { signal: controller.signal }),
    );
    await Promise.all(endpoints.map(({ arrived }) => arrived(1)));
    controller.abort();
    expect((await asked).code).toBe('aborted');
  });

  it('of one member ends the requests to the others', async () => {
    const slow = await startEndpoint(() => {});
    const broken = await startEndpoint(async (_, response) => {
      await slow.arrived(1);
      sendJson(response, { error: { message: 'no such model' } }, 404);
    });
    const members = [slow, broken].map((endpoint) => ({
      model: open(endpoint, { api: 'completions', retries: 0 }),
      weight: 1,
    }));
    const error = await failure(createUnionTopK(members).respond({ prompt: 'a' }));
    expect(error.message).toMatch(/no such model/);
    await expect.poll(slow.abandoned).toBe(1);
  });
});
