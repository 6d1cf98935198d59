/** Fusions by bytes as token models: distributions, searches and texts. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { behindPrompt, byteMember } from '../../../src/ensemble/byteLevel/byteMember.ts';
import type { FuseRows } from '../../../src/ensemble/byteLevel/byteRows.ts';
import { fuseByBytes } from '../../../src/ensemble/byteLevel/fuseByBytes.ts';
import { END, OUTCOMES } from '../../../src/ensemble/byteLevel/outcomes.ts';
import { generate } from '../../../src/model/generate/generate.ts';
import { generateText } from '../../../src/model/generate/generateText.ts';
import { noTokenizer, toyModel } from '../../model/generate/toyModel.ts';
import { alone, bruteForce, toBytes, toyMember, toyTokens } from './toy.ts';

const EXACT = { width: Number.POSITIVE_INFINITY, leastShare: 0 };

const linear =
  (weights: readonly number[]): FuseRows =>
  (rows, out) => {
    for (const i of out.keys()) {
      out[i] = Math.log(rows.reduce((sum, row, m) => sum + weights[m]! * Math.exp(row[i]!), 0));
    }
  };

const logLinear: FuseRows = (rows, out) => {
  for (const i of out.keys()) out[i] = rows.reduce((sum, row) => sum + row[i]! / rows.length, 0);
  const total = Math.log(out.reduce((sum, x) => sum + Math.exp(x), 0));
  for (const i of out.keys()) out[i] = out[i]! - total;
};

/** Weights by what each member gave to the text so far. */
const bayes =
  (priors: readonly number[]): FuseRows =>
  (rows, out, heard) => {
    const raw = heard.map((log, m) => priors[m]! * Math.exp(log));
    const total = raw.reduce((a, b) => a + b, 0);
    linear(raw.map((x) => x / total))(rows, out, heard);
  };

const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);

describe('pools', () => {
  it('of two copies of a model are the model', async () => {
    const members = [toyMember(3), toyMember(3)];
    const single = fuseByBytes(members.slice(0, 1), alone).next;
    for (const fuse of [linear([0.3, 0.7]), logLinear, bayes([0.5, 0.5])]) {
      const double = fuseByBytes(members, fuse).next;
      const rows = [{ input: toBytes('ab'), continuation: [...toBytes('éab'), END] }];
      const [one] = await single.continuationLogProbabilities(rows);
      const [two] = await double.continuationLogProbabilities(rows);
      two!.forEach((x, i) => {
        expect(x).toBeCloseTo(one![i]!, 10);
      });
    }
  });

  it('by Bayes are the mixture of whole texts', async () => {
    const [a, b] = [toyTokens(1), toyTokens(2)];
    const members = [byteMember('a', a), byteMember('b', b)];
    const fusion = fuseByBytes(members, bayes([0.25, 0.75]), EXACT);
    const [found] = await fusion.certify([{ id: '0', text: 'abéba' }], { end: true });
    const [ofA, ofB] = [a, b].map((model) => bruteForce(model, toBytes('abéba')).is);
    const wanted = Math.log(0.25 * ofA! + 0.75 * ofB!);
    expect(Math.abs(sum(found!.logProbabilities) - wanted)).toBeLessThan(1e-10);
  });
});

describe('a stream', () => {
  it('says what the score says, whichever way rows are taken', async () => {
    const letter = fc.constantFrom(...toBytes('abé'));
    const lists = fc.array(letter, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(lists, fc.integer({ min: 1, max: 3 }), async (bytes, width) => {
        const members = [toyMember(8), toyMember(9)];
        const { next } = fuseByBytes(members, linear([0.5, 0.5]), { width, leastShare: 0.02 });
        const [scored] = await next.continuationLogProbabilities([
          { input: [], continuation: bytes },
        ]);
        const stream = await next.start([[], []]);
        let row = 1;
        for (const [at, byte] of bytes.entries()) {
          const said = stream.logProbabilities()[row * OUTCOMES + byte]!;
          expect(said).toBeCloseTo(scored![at]!, 5);
          await stream.advance([0, row, row], [0x61, 0x62, byte]);
          row = 2;
        }
        expect(stream.rowCount()).toBe(3);
        stream.close();
      }),
      { numRuns: 20 },
    );
  });

  it('closes what it opened', async () => {
    const model = toyTokens(4);
    const { next } = fuseByBytes([byteMember('toy', model)], alone);
    await generate(next, [toBytes('a')], { strategy: 'greedy', maxNewTokens: 5 });
    expect(model.openStreams()).toBe(0);
  });

  it('refuses what is no byte', async () => {
    const { next } = fuseByBytes([toyMember(4)], alone);
    await expect(next.start([[END]])).rejects.toThrow('a text has bytes from 0 to 255, and 256');
  });
});

describe('generation', () => {
  const { next } = fuseByBytes([toyMember(21), toyMember(22)], linear([0.5, 0.5]));

  it('by greedy search takes the best byte each time', async () => {
    const [found] = await generate(next, [toBytes('a')], { strategy: 'greedy', maxNewTokens: 8 });
    const { tokens, logProbabilities } = found!.hypotheses[0]!;
    for (const [at, token] of tokens.entries()) {
      const stream = await next.start([[...toBytes('a'), ...tokens.slice(0, at)]]);
      const row = stream.logProbabilities();
      expect(Math.max(...row)).toBeCloseTo(row[token]!, 5);
      expect(row[token]).toBeCloseTo(logProbabilities[at]!, 5);
    }
  });

  it('by sampling and by beams gives texts with the probabilities that they have', async () => {
    for (const options of [
      { seed: 3, hypotheses: 3, temperature: 1 },
      { beams: 3, hypotheses: 3 },
    ]) {
      const [found] = await generate(next, [toBytes('b')], { ...options, maxNewTokens: 6 });
      const rows = found!.hypotheses.map(({ tokens }) => ({
        input: toBytes('b'),
        continuation: tokens,
      }));
      const scored = await next.continuationLogProbabilities(rows);
      found!.hypotheses.forEach(({ sumLogProb }, i) => {
        expect(sumLogProb).toBeCloseTo(sum(scored[i]!), 4);
      });
    }
  });

  it('never gives out part of a character', async () => {
    const script = toBytes('née à é');
    const bytes = script.map((byte) => Uint8Array.of(byte));
    const model = toyModel(
      bytes.length + 1,
      (tokens) =>
        bytes
          .map((_, id) => (id === tokens.length - 1 ? 30 : 0))
          .concat(tokens.length > bytes.length ? [30] : [0]),
      {
        tokenizer: {
          ...noTokenizer,
          tokenBytes: () => ({ bytesOf: (id) => bytes[id], beginning: new Uint8Array() }),
        },
        endTokens: [bytes.length],
        beginning: bytes.length,
      },
    );
    const fused = fuseByBytes([byteMember('script', model)], alone).next;
    const pieces: string[] = [];
    const [found] = await generateText(fused, [''], {
      strategy: 'greedy',
      maxNewTokens: 20,
      stop: ['à é'],
      onText: (piece) => pieces.push(piece),
    });
    expect(found!.hypotheses[0]).toMatchObject({ text: 'née ', finish: 'stop' });
    expect(pieces.join('')).toBe('née ');
    expect(pieces.filter((piece) => piece.includes('\ufffd'))).toEqual([]);
  });
});

describe('members', () => {
  it('have prompts of their own', async () => {
    const model = toyTokens(13);
    const member = behindPrompt(byteMember('toy', model), 'ab');
    expect(member.prefix).toEqual([3, 4]);
    expect(member.beginning).toEqual(new Uint8Array());
    const stream = await fuseByBytes([member], alone, EXACT).next.start([[]]);
    expect(sum(stream.logProbabilities().map(Math.exp))).toBeCloseTo(1, 5);
  });

  it('are refused where bytes are not to be had', () => {
    const { tokenizer } = toyTokens(1);
    const withEmpty = {
      ...tokenizer,
      tokenBytes: () => ({ bytesOf: () => new Uint8Array(), beginning: new Uint8Array() }),
    };
    expect(() => byteMember('x', toyTokens(1, { kind: 'sequence_to_sequence' }))).toThrow(
      'member x: is sequence_to_sequence, and only causal models are fused by bytes',
    );
    expect(() => byteMember('x', toyTokens(1, { tokenizer: noTokenizer }))).toThrow(
      'member x: its tokenizer does not tell the bytes of its tokens',
    );
    expect(() => byteMember('x', toyTokens(1, { tokenizer: withEmpty }))).toThrow(
      'member x: token 0 stands for no bytes',
    );
    expect(() =>
      byteMember(
        'x',
        toyModel(3, () => [0, 0, 0], { tokenizer }),
      ),
    ).toThrow('member x: has neither a token that begins texts nor one that ends them');
  });

  it('say so when a text is longer than they read', async () => {
    const member = byteMember('short', toyTokens(1, { maxTokens: 3 }));
    const { next } = fuseByBytes([member], alone);
    await expect(
      next.continuationLogProbabilities([{ input: [], continuation: toBytes('bbéaébabab') }]),
    ).rejects.toThrow('the text is longer than the 3 tokens that member short reads');
  });

  it('are fused by settings that make sense', () => {
    expect(() => fuseByBytes([], alone)).toThrow('there are no members');
    expect(() => fuseByBytes([toyMember(1)], alone, { width: 0 })).toThrow(
      'width: 0 is not a positive integer',
    );
    expect(() => fuseByBytes([toyMember(1)], alone, { leastShare: 1 })).toThrow(
      'leastShare: 1 is not from 0 to below 1',
    );
  });
});
