/** Fused next-token distributions against sums over the toy language, in float64. */

import { describe, expect, it } from 'vitest';
import { ensemble } from '../../src/ensemble/ensemble.ts';
import type { TokenExplanation } from '../../src/ensemble/explanation.ts';
import { badInput } from '../../src/errors.ts';
import { generate } from '../../src/model/generate/generate.ts';
import { generateText } from '../../src/model/generate/generateText.ts';
import type { LanguageModel, TokenModel } from '../../src/model/languageModel.ts';
import { type NextTable, randomTable, toyModel } from './members.ts';

const SIZE = 6;
const TABLES = [randomTable(SIZE, 1), randomTable(SIZE, 2), randomTable(SIZE, 3)];
const WEIGHTS = [0.5, 0.2, 0.3];
const membersOf = (tables: readonly NextTable[], weights: readonly number[] = WEIGHTS) =>
  tables.map((table, i) => ({ model: toyModel(`m${i}`, table, SIZE), weight: weights[i]! }));

const texts = [
  { input: [1, 2], continuation: [3, 4, 5, 0] },
  { input: [2], continuation: [1, 1] },
  { input: [5], continuation: [2, 3, 3] },
];

/** log-probabilities of each token of each text by a rule on the members' rows. */
function expected(rule: (rows: readonly (readonly number[])[]) => readonly number[]) {
  return texts.map(({ input, continuation }) =>
    continuation.map((token, i) => {
      const history = [...input, ...continuation.slice(0, i)];
      return rule(TABLES.map((table) => table(history)))[token]!;
    }),
  );
}

function mixture(rows: readonly (readonly number[])[]): number[] {
  return rows[0]!.map((_, k) =>
    Math.log(rows.reduce((sum, row, i) => sum + WEIGHTS[i]! * Math.exp(row[k]!), 0)),
  );
}

function product(rows: readonly (readonly number[])[]): number[] {
  const scores = rows[0]!.map((_, k) =>
    rows.reduce((sum, row, i) => sum + WEIGHTS[i]! * row[k]!, 0),
  );
  const total = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
  return scores.map((score) => score - total);
}

describe.each([
  ['linear', mixture],
  ['log_linear', product],
] as const)('%s', (kind, rule) => {
  const { next } = ensemble({ ensemble: kind, members: membersOf(TABLES) });

  it('scores texts as the formula does', async () => {
    const found = await next!.continuationLogProbabilities(texts);
    expected(rule).forEach((row, t) => {
      row.forEach((x, i) => {
        expect(found[t]![i]).toBeCloseTo(x, 5);
      });
    });
  });

  it('says in its streams what it says of texts', async () => {
    const stream = await next!.start([[1, 2], [5]]);
    await stream.advance([1, 0, 0], [2, 3, 3]);
    const rows = stream.logProbabilities();
    const history = [5, 2];
    const wanted = rule(TABLES.map((table) => table(history)));
    expect(rows).toHaveLength(3 * SIZE);
    wanted.forEach((x, k) => {
      expect(rows[k]).toBeCloseTo(x, 5);
    });
    expect(rows.slice(SIZE, 2 * SIZE)).toEqual(rows.slice(2 * SIZE));
    stream.close();
  });

  it('writes greedily what is most probable', async () => {
    const [found] = await generate(next!, [[1]], { maxNewTokens: 6 });
    const history = [1];
    for (const token of found!.hypotheses[0]!.tokens) {
      const row = rule(TABLES.map((table) => table(history)));
      expect(row[token]).toBe(Math.max(...row));
      history.push(token);
    }
  });
});

describe('bayes', () => {
  it('with strength 1 is the mixture of whole texts', async () => {
    const { next } = ensemble({ ensemble: 'bayes', members: membersOf(TABLES) });
    const found = await next!.continuationLogProbabilities(texts);
    texts.forEach(({ input, continuation }, t) => {
      const ofTexts = TABLES.map((table) =>
        continuation.reduce(
          (sum, token, i) => sum + table([...input, ...continuation.slice(0, i)])[token]!,
          0,
        ),
      );
      const wanted = Math.log(ofTexts.reduce((sum, x, i) => sum + WEIGHTS[i]! * Math.exp(x), 0));
      expect(found[t]!.reduce((a, b) => a + b)).toBeCloseTo(wanted, 10);
    });
  });

  it('with strength 0 is the linear pool', async () => {
    const bayes = ensemble({ ensemble: 'bayes', members: membersOf(TABLES), strength: 0 });
    const linear = ensemble({ ensemble: 'linear', members: membersOf(TABLES) });
    expect(await bayes.next!.continuationLogProbabilities(texts)).toEqual(
      await linear.next!.continuationLogProbabilities(texts),
    );
  });

  it('follows each beam by itself', async () => {
    const { next } = ensemble({ ensemble: 'bayes', members: membersOf(TABLES) });
    const [found] = await generate(next!, [[1]], { beams: 4, hypotheses: 4, maxNewTokens: 5 });
    const paths = found!.hypotheses.map(({ tokens }) => ({ input: [1], continuation: tokens }));
    const scored = await next!.continuationLogProbabilities(paths);
    found!.hypotheses.forEach(({ sumLogProb }, h) => {
      expect(scored[h]!.reduce((a, b) => a + b)).toBeCloseTo(sumLogProb, 4);
    });
  });
});

describe('two copies of one model', () => {
  it.each(['linear', 'bayes', 'log_linear'])('%s: the ensemble is the model', async (kind) => {
    const [table] = TABLES;
    const weights = kind === 'log_linear' ? [0.5, 0.5] : [1, 3];
    const twice = ensemble({ ensemble: kind, members: membersOf([table!, table!], weights) });
    const options = { beams: 3, maxNewTokens: 6 };
    const [found] = await generateText(twice.next!, ['ab'], options);
    const [alone] = await generateText(toyModel('m', table!, SIZE).next!, ['ab'], options);
    expect(found!.hypotheses[0]!.text).toBe(alone!.hypotheses[0]!.text);
    expect(found!.hypotheses[0]!.sumLogProb).toBeCloseTo(alone!.hypotheses[0]!.sumLogProb, 5);
  });
});

describe('a member that fails while a text is written', () => {
  /** Says what the model says, and is gone from the given step on. */
  function failingFrom(step: number): LanguageModel {
    const { next, ...rest } = toyModel('gone', TABLES[1]!, SIZE);
    const start: TokenModel['start'] = async (inputs, options) => {
      const stream = await next!.start(inputs, options);
      let steps = 0;
      const advance: typeof stream.advance = async (...asked) => {
        if (++steps >= step) throw badInput('gone: connection lost');
        return stream.advance(...asked);
      };
      return { ...stream, advance };
    };
    return { ...rest, next: { ...next!, start } };
  }
  const [steady] = membersOf([TABLES[0]!]);
  const members = [steady!, { model: failingFrom(2), weight: 0.5 }];
  const options = { maxNewTokens: 5, strategy: 'greedy', minNewTokens: 5 } as const;

  it('is the error', async () => {
    const { next } = ensemble({ ensemble: 'linear', members });
    await expect(generate(next!, [[1]], options)).rejects.toThrow('gone: connection lost');
  });

  it.each(['linear', 'bayes'])('%s goes on without it, and says so', async (kind) => {
    const missing: string[] = [];
    const { next } = ensemble({ ensemble: kind, members, on_failure: 'drop' });
    const onMissing = ({ member }: { readonly member: string }) => missing.push(member);
    const [found] = await generate(next!, [[1]], { ...options, onMissing });
    expect(missing).toEqual(['gone']);
    const stream = await next!.start([[1]]);
    for (const token of [2, 3, 4]) await stream.advance([0], [token]);
    const wanted = TABLES[0]!([1, 2, 3, 4]);
    wanted.forEach((x, k) => {
      expect(stream.logProbabilities()[k]).toBeCloseTo(x, 5);
    });
    expect(found!.hypotheses[0]!.tokens).toHaveLength(5);
    stream.close();
  });
});

describe('an explanation', () => {
  it('tells of every token what each member said, and who moved it', async () => {
    const model = ensemble({ ensemble: 'linear', members: membersOf(TABLES) });
    const found = (await model.explain!({ id: '0', text: 'a' })) as TokenExplanation;
    const [step] = found.steps;
    const rows = TABLES.map((table) => table([1]));
    step!.members.forEach(({ logProbability, weight }, i) => {
      expect(Math.exp(logProbability)).toBeLessThanOrEqual(Math.exp(Math.max(...rows[i]!)) + 1e-6);
      expect(weight).toBe(WEIGHTS[i]);
    });
    const without = (left: number) => {
      const kept = rows.map((row, i) =>
        row.map((x) => (i === left ? 0 : WEIGHTS[i]! * Math.exp(x))),
      );
      const sums = rows[0]!.map((_, k) => kept.reduce((sum, row) => sum + row[k]!, 0));
      return sums.indexOf(Math.max(...sums));
    };
    const all = mixture(rows);
    const choice = all.indexOf(Math.max(...all));
    expect(step!.movedBy).toEqual(['m0', 'm1', 'm2'].filter((_, i) => without(i) !== choice));
  });
});

describe('an explanation of one member that has a weight', () => {
  it.each(['linear', 'log_linear', 'bayes'])('by %s', async (kind) => {
    const [first, second] = membersOf([TABLES[0]!, TABLES[1]!]);
    const model = ensemble({
      ensemble: kind,
      members: [
        { ...first!, weight: 1 },
        { ...second!, weight: 0 },
      ],
    });
    const found = (await model.explain!({ id: '0', text: 'a' })) as TokenExplanation;
    expect(found.steps.map(({ movedBy }) => movedBy)).toEqual(found.steps.map(() => ['m0']));
  });
});

describe('vocabularies', () => {
  it('that differ are refused, with the way that is left', () => {
    const other = toyModel('other', randomTable(SIZE + 1, 4), SIZE + 1);
    expect(() =>
      ensemble({ ensemble: 'linear', members: [...membersOf([TABLES[0]!]), { model: other }] }),
    ).toThrow(/token 6 is null in m0 and "f" in other.*byte_level/);
  });

  it('may be padded by rows that no token has', async () => {
    const [table] = TABLES;
    const padded: NextTable = (history) => [...table!(history), Number.NEGATIVE_INFINITY];
    const model = toyModel('padded', padded, SIZE + 1);
    const vocabulary = () => toyModel('m', table!, SIZE).next!.tokenizer.vocabulary!();
    const tokenizer = { ...model.next!.tokenizer, vocabulary };
    const { next } = ensemble({
      ensemble: 'linear',
      members: [
        ...membersOf([table!]),
        { model: { ...model, next: { ...model.next!, tokenizer } } },
      ],
    });
    const alone = await generate(toyModel('m', table!, SIZE).next!, [[1]], { maxNewTokens: 5 });
    const both = await generate(next!, [[1]], { maxNewTokens: 5 });
    expect(both[0]!.hypotheses[0]!.tokens).toEqual(alone[0]!.hypotheses[0]!.tokens);
  });
});
