/** ARPA files against tables computed elsewhere, against arithmetic by hand, and against bad input. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { FusionError } from '../../../src/errors.ts';
import { generateText } from '../../../src/model/generate/generateText.ts';
import { parseArpa, serializeArpa } from '../../../src/model/ngram/arpa.ts';
import { fillDistribution, scoreWord } from '../../../src/model/ngram/backoff.ts';
import { openNgramModel } from '../../../src/model/ngram/ngramModel.ts';

interface Score {
  readonly sentence: string;
  readonly tokens: readonly (readonly [number, number, boolean])[];
  readonly log10: number;
}

interface Table {
  readonly id: string;
  readonly expected: { readonly arpa: string; readonly scores: readonly Score[] };
}

const { tables } = JSON.parse(readFileSync(join(import.meta.dirname, 'oracle.json'), 'utf8')) as {
  tables: Table[];
};
const folder = mkdtempSync(join(tmpdir(), 'lmfuse-ngram-'));
afterAll(() => rmSync(folder, { recursive: true }));

const parse = (text: string) => parseArpa(new TextEncoder().encode(text), 'x.arpa');

function open(text: string, name = 'x.arpa') {
  const path = join(folder, name);
  const bytes = new TextEncoder().encode(text);
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(bytes) : bytes);
  return openNgramModel(path, name);
}

describe.each(tables)('the table $id', ({ expected }) => {
  const model = parse(expected.arpa);

  it('scores every word as expected, by n-grams of the expected order', () => {
    for (const { sentence, tokens } of expected.scores) {
      const ids = sentence
        .split(' ')
        .filter(Boolean)
        .map((word) => model.idOf.get(word) ?? model.idOf.get('<unk>')!);
      const all = [model.idOf.get('<s>')!, ...ids, model.idOf.get('</s>')!];
      tokens.forEach(([log10, order], i) => {
        const found = scoreWord(model, all.slice(0, i + 1), all[i + 1]!);
        expect(found.log10).toBeCloseTo(log10, 9);
        expect(found.order).toBe(order);
      });
    }
  });

  it('scores texts, packed or not', async () => {
    for (const name of ['x.arpa', 'x.arpa.gz']) {
      const { score } = await open(expected.arpa, name);
      const items = expected.scores.map(({ sentence }, i) => ({ id: String(i), text: sentence }));
      const found = await score!.scores(items);
      expected.scores.forEach(({ log10, tokens }, i) => {
        expect(found[i]!.logProbability).toBeCloseTo(log10 * Math.LN10, 8);
        expect(found[i]!.tokenCount).toBe(tokens.length);
      });
    }
  });

  it('gives distributions that sum to 1 and agree with the scores', () => {
    const begin = model.idOf.get('<s>')!;
    const row = new Float32Array(model.words.length);
    for (const { sentence } of expected.scores) {
      const ids = sentence
        .split(' ')
        .filter(Boolean)
        .map((word) => model.idOf.get(word) ?? model.idOf.get('<unk>')!);
      for (let length = 0; length <= ids.length; length++) {
        const history = [begin, ...ids.slice(0, length)];
        fillDistribution(model, history, begin, row);
        expect(row.reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 5);
        row.forEach((value, word) => {
          if (word === begin) return;
          expect(value).toBeCloseTo(scoreWord(model, history, word).log10 * Math.LN10, 4);
        });
      }
    }
  });

  it('continues rows in any order as from the start', async () => {
    const { next } = await open(expected.arpa);
    const inputs = expected.scores
      .slice(0, 2)
      .map(({ sentence }) => next!.tokenizer.encode(sentence));
    const stream = await next!.start(inputs);
    await stream.advance([1, 0, 1], [2, 3, 4]);
    const again = await next!.start([
      [...inputs[1]!, 2],
      [...inputs[0]!, 3],
      [...inputs[1]!, 4],
    ]);
    expect(stream.rowCount()).toBe(3);
    expect(stream.logProbabilities()).toEqual(again.logProbabilities());
    const [scores] = await next!.continuationLogProbabilities([
      { input: inputs[0]!, continuation: [2, 5] },
    ]);
    const step = await next!.start([inputs[0]!]);
    expect(scores![0]).toBeCloseTo(step.logProbabilities()[2]!, 4);
  });

  it('is written and read back', () => {
    expect(parse(serializeArpa(model))).toEqual(model);
  });
});

/** p(b | a) is listed, p(c | a) backs off: -0.2 + -0.7. */
const HAND = `comment
\\data\\
ngram 1=5
ngram 2=3

\\1-grams:
-99\t<s>\t-0.1
-1.0\t</s>
-0.4\ta\t-0.2
-0.5\tb -0.3
-0.7\tc

\\2-grams:
-0.05\t<s> a
-0.25\ta b
-0.35\tb </s>

\\end\\
`;

describe('by hand', () => {
  const model = parse(HAND);
  const id = (word: string) => model.idOf.get(word)!;
  const log10 = (history: string[], word: string) =>
    scoreWord(
      model,
      history.map((each) => model.idOf.get(each) ?? -1),
      model.idOf.get(word) ?? -1,
    );

  it('takes listed n-grams, and backs off otherwise', () => {
    expect(log10(['<s>'], 'a')).toEqual({ log10: -0.05, order: 2 });
    expect(log10(['a'], 'b')).toEqual({ log10: -0.25, order: 2 });
    expect(log10(['a'], 'c').log10).toBeCloseTo(-0.2 - 0.7, 12);
    expect(log10(['c'], 'b')).toEqual({ log10: -0.5, order: 1 });
    expect(log10(['<s>', 'a'], 'b')).toEqual({ log10: -0.25, order: 2 });
  });

  it('gives an unlisted word almost nothing, and lets it break the context', () => {
    expect(log10(['a'], 'z').log10).toBeCloseTo(-100.2, 12);
    expect(log10(['z'], 'b')).toEqual({ log10: -0.5, order: 1 });
  });

  it('never predicts <s>', async () => {
    const { next } = await open(HAND);
    const stream = await next!.start([next!.tokenizer.encode('a b')]);
    expect(stream.logProbabilities()[id('<s>')]).toBe(Number.NEGATIVE_INFINITY);
    expect(stream.logProbabilities()[id('</s>')]).toBeCloseTo(-0.35 * Math.LN10, 5);
    expect(next!.tokenizer.decode(next!.tokenizer.encode('a  b\n'))).toBe('a b');
    expect(() => next!.tokenizer.encode('zebra')).toThrow(/no <unk>/);
  });

  it('writes without <unk>, every word as soon as it is there', async () => {
    const { next } = await open(HAND);
    const pieces: string[] = [];
    const onText = (piece: string) => pieces.push(piece);
    const [written] = await generateText(next!, [''], { maxNewTokens: 5, onText });
    expect(written!.hypotheses[0]!.text).toBe('a b');
    expect(pieces).toEqual(['a', ' b']);
  });

  it('takes markers in a text for unknown words', async () => {
    const { score } = await open(tables[0]!.expected.arpa);
    const items = ['the <s> cat', 'the zebra cat'].map((text, i) => ({ id: String(i), text }));
    const [marked, unknown] = await score!.scores(items);
    expect(marked).toEqual(unknown);
  });

  it('keeps words that hold other spaces, and refuses what is not UTF-8', () => {
    const spaced = HAND.replaceAll(/\bb\b/g, 'b\u00a0');
    expect(parse(spaced).idOf.has('b\u00a0')).toBe(true);
    const bytes = new TextEncoder().encode(HAND);
    bytes[HAND.indexOf('\tc') + 1] = 0xff;
    expect(() => parseArpa(bytes, 'x.arpa')).toThrow('x.arpa: line 11: is not UTF-8');
  });

  it('stops when asked to', async () => {
    const { next, score } = await open(HAND);
    const signal = AbortSignal.abort();
    await expect(score!.scores([{ id: '0', text: 'a' }], { signal })).rejects.toThrow(/stopped/);
    await expect(next!.start([[2]], { signal })).rejects.toThrow(/stopped/);
  });
});

const BAD: readonly (readonly [string, string, RegExp])[] = [
  ['no ARPA file', 'hello\n', /no line \\data\\/],
  ['no counts', '\\data\\\n\\end\\\n', /how many/],
  ['a gap in the counts', HAND.replace('ngram 2=3', 'ngram 3=3'), /line 4: .*"ngram 2=/],
  ['too many', HAND.replace('ngram 2=3', 'ngram 2=9999999999'), /line 4: 9999999999/],
  ['a missing section', HAND.replace('\\2-grams:', '\\3-grams:'), /line 13: .*\\2-grams: belongs/],
  ['too few entries', HAND.replace('ngram 2=3', 'ngram 2=5'), /line 18: has 1 fields/],
  ['too many entries', HAND.replace('ngram 2=3', 'ngram 2=2'), /line 16: .*\\end\\ belongs/],
  ['a truncated file', HAND.slice(0, HAND.indexOf('-0.25')), /ends after 1 of 3 2-grams/],
  ['no end', HAND.replace('\\end\\\n', ''), /ends where \\end\\ belongs/],
  ['a bad number', HAND.replace('-0.25', 'minus'), /line 15: "minus" is no number/],
  ['not a number', HAND.replace('-0.25', 'NaN'), /line 15: "NaN" is no number/],
  ['a positive logarithm', HAND.replace('-0.25', '0.25'), /line 15: 0.25/],
  ['an unknown word', HAND.replace('a b\n', 'a z\n'), /line 15: the word "z"/],
  ['a word twice', HAND.replace('-0.7\tc', '-0.7\tb'), /line 11: the word "b" is there twice/],
  ['an n-gram twice', HAND.replace('b </s>', 'a b'), /2-gram "b" is there twice/],
  [
    'no end of texts',
    HAND.replace('-1.0\t</s>', '-1.0\tend').replace('b </s>', 'b end'),
    /no <\/s>/,
  ],
  ['a count without room', HAND.replace('ngram 1=5', 'ngram 1=99999999'), /do not fit into/],
  ['an infinite number', HAND.replace('-0.25', '-1e999'), /line 15: "-1e999" is no number/],
  ['a weight at the top', HAND.replace('a b\n', 'a b -0.1\n'), /line 15: a back-off weight/],
  ['extra fields', HAND.replace('a b\n', 'a b -0.1 c\n'), /line 15: has 5 fields/],
];

describe('bad input', () => {
  it.each(BAD)('%s', (_, text, message) => {
    expect(() => parse(text)).toThrow(message);
    expect(() => parse(text)).toThrow(FusionError);
  });

  it('a context that is not listed', () => {
    const text = `\\data\\\nngram 1=3\nngram 2=1\nngram 3=1\n\\1-grams:\n0 <s>\n-1 </s>\n-1 a\n\\2-grams:\n-1 <s> a\n\\3-grams:\n-1 a a </s>\n\\end\\`;
    expect(() => parse(text)).toThrow(/line 12: "a a <\/s>" has a context that is not among/);
  });

  it('a file that is not there, and one that is cut short', async () => {
    await expect(openNgramModel(join(folder, 'none.arpa'), 'none.arpa')).rejects.toThrow(
      /none.arpa/,
    );
    const path = join(folder, 'cut.arpa.gz');
    writeFileSync(path, gzipSync(HAND).subarray(0, 40));
    await expect(openNgramModel(path, 'cut.arpa.gz')).rejects.toThrow(/not a whole gzip file/);
  });

  it('anything at all is read or refused', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(HAND.length), put: fc.string({ maxLength: 4 }) }), {
          maxLength: 5,
        }),
        (edits) => {
          let text = HAND;
          for (const { at, put } of edits) text = text.slice(0, at) + put + text.slice(at + 1);
          try {
            parse(text);
          } catch (error) {
            expect(error).toBeInstanceOf(FusionError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
