import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateText, type TextOptions } from '../../../src/model/generate/generateText.ts';
import { createIncrementalText } from '../../../src/model/generate/incrementalText.ts';
import { createStopFinder } from '../../../src/model/generate/stopStrings.ts';
import type { Tokenizer } from '../../../src/model/tokenizer.ts';
import { byteTokenizer, hashLogits, scriptedLogits, toyModel } from './toyModel.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const text = fc.string({
  unit: fc.constantFrom('a', 'b', ' ', 'é', '€', '😀', '\n'),
  maxLength: 150,
  size: 'max',
});

/** Everything that a finder gives out, piece by piece and at the end. */
function streamed(pieces: readonly string[], stops: readonly string[]) {
  const finder = createStopFinder(stops);
  const given = pieces.map(finder.push);
  const atOnce = given.join('');
  return { atOnce, all: atOnce + finder.flush(), isStopped: finder.isStopped() };
}

describe('stop strings', () => {
  it('are found across borders, wherever these fall', () => {
    const stops = fc.array(
      fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 }),
    );
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 4 }));
    fc.assert(
      fc.property(pieces, stops, (list, wanted) => {
        const whole = list.join('');
        // The first end of any stop string, and the longest that ends there.
        let expected = whole;
        search: for (let end = 1; end <= whole.length; end++) {
          for (let start = 0; start < end; start++) {
            if (!wanted.includes(whole.slice(start, end))) continue;
            expected = whole.slice(0, start);
            break search;
          }
        }
        const found = streamed(list, wanted);
        expect(found.all).toBe(expected);
        expect(found.isStopped).toBe(wanted.some((stop) => whole.includes(stop)));
      }),
    );
  });

  it('hold back what could become one, and no more', () => {
    expect(streamed(['so', ' END'], ['END.'])).toMatchObject({ atOnce: 'so ', all: 'so END' });
    expect(streamed(['E', 'N', 'Ew'], ['END'])).toMatchObject({ atOnce: 'ENEw', all: 'ENEw' });
    expect(streamed(['x'], [])).toMatchObject({ atOnce: 'x' });
  });

  it('must not be empty', () => {
    expect(() => createStopFinder(['a', ''])).toThrow('stop: an empty string');
  });
});

describe('incremental text', () => {
  /** Cuts bytes at the given distances, into tokens above 255. */
  function cutIntoTokens(bytes: Uint8Array, lengths: readonly number[]) {
    const pieces: Uint8Array[] = [];
    for (let start = 0, i = 0; start < bytes.length; i++) {
      const length = lengths[i % lengths.length]!;
      pieces.push(bytes.subarray(start, start + length));
      start += length;
    }
    return { tokenizer: byteTokenizer(pieces), tokens: pieces.map((_, i) => 256 + i) };
  }

  it('gives whole characters only, each as soon as it is whole', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(text, lengths, (whole, cuts) => {
        const { tokenizer, tokens } = cutIntoTokens(utf8(whole), cuts);
        const incremental = createIncrementalText(tokenizer);
        let given = '';
        tokens.forEach((token, i) => {
          given += incremental.push(token);
          const decoded = tokenizer.decode(tokens.slice(0, i + 1));
          expect(given).toBe(decoded.replace(/\uFFFD+$/, ''));
        });
        expect(given + incremental.flush()).toBe(whole);
      }),
      { numRuns: 300 },
    );
  });

  it('gives broken characters in the end, as the decoder shows them', () => {
    const incremental = createIncrementalText(byteTokenizer([]));
    expect([0xe2, 0x82].map(incremental.push)).toEqual(['', '']);
    expect(incremental.flush()).toBe('\uFFFD');
    expect(incremental.flush()).toBe('');
  });

  it('takes a bounded number of tokens to decode, however long the text', () => {
    const inner = byteTokenizer([]);
    let longest = 0;
    const tokenizer: Tokenizer = {
      ...inner,
      decode: (ids) => {
        longest = Math.max(longest, ids.length);
        return inner.decode(ids);
      },
    };
    const incremental = createIncrementalText(tokenizer);
    const whole = 'Ein Satz für sich, 10 € wert. '.repeat(40);
    const given = [...utf8(whole)].map(incremental.push).join('');
    expect(given + incremental.flush()).toBe(whole);
    expect(longest).toBeLessThan(80);
  });

  /** Pieces as they are, and then the English that Hugging Face's clean-up makes of them. */
  function cleaningTokenizer(pieces: readonly string[]): Tokenizer {
    const signs = ['.', '?', '!', ',', "' ", "n't", "'m", "'s", "'ve", "'re"];
    return {
      encode: (input) => [pieces.indexOf(input)],
      decode: (ids) =>
        signs.reduce(
          (cleaned, sign) => cleaned.replaceAll(` ${sign}`, sign.trim()),
          ids.map((id) => pieces[id]).join(''),
        ),
    };
  }

  it('waits where a tokenizer may still remove a space', () => {
    const words = fc.constantFrom(
      'I',
      "'m",
      "n't",
      'know',
      ',',
      "'",
      'no',
      "'ve",
      "'vet",
      'n',
      '.',
    );
    const sentence = fc.array(words, { minLength: 1, maxLength: 60, size: 'max' });
    fc.assert(
      fc.property(sentence, fc.integer({ min: 1, max: 5 }), (list, length) => {
        const pieces = list.join(' ').match(new RegExp(`.{1,${length}}`, 'gs'))!;
        const tokenizer = cleaningTokenizer([...pieces, "I 'm"]);
        const incremental = createIncrementalText(tokenizer);
        const given = pieces.map((_, i) => incremental.push(i)).join('');
        expect(given + incremental.flush()).toBe(tokenizer.decode([...pieces.keys()]));
      }),
    );
  });

  it('keeps what a token says of all that follow it', () => {
    const tokenizer: Tokenizer = {
      encode: () => [],
      decode: (ids) =>
        ids.reduce((all, id) => all + (all.startsWith('!') ? 'X' : id ? 'x' : '!'), ''),
    };
    const tokens = [0, ...new Array<number>(200).fill(1)];
    const given = tokens.map(createIncrementalText(tokenizer).push).join('');
    expect(given).toBe(tokenizer.decode(tokens));
  });

  it('keeps the space that a decoder drops only from the start of a text', () => {
    const tokenizer: Tokenizer = {
      encode: () => [],
      decode: (ids) =>
        ids
          .map((id) => (id % 3 ? ' abc' : ''))
          .join('')
          .slice(1),
    };
    const tokens = Array.from({ length: 300 }, (_, i) => Math.floor(i / 40));
    const incremental = createIncrementalText(tokenizer);
    const given = tokens.map(incremental.push).join('');
    expect(given + incremental.flush()).toBe(tokenizer.decode(tokens));
  });
});

describe('generateText', () => {
  const END = 0;
  const tokenizer = byteTokenizer([]);

  /** Writes `script` after any input of one token. */
  function writer(script: string) {
    return toyModel(256, scriptedLogits(256, 1, [...utf8(script)], END), {
      tokenizer,
      endTokens: [END],
    });
  }

  async function run(script: string, options: TextOptions) {
    const pieces: string[] = [];
    const onText = (piece: string) => pieces.push(piece);
    const [found] = await generateText(writer(script), ['x'], { onText, ...options });
    return { pieces, ...found!.hypotheses[0]! };
  }

  it('streams pieces that add up to the text, without the end token', async () => {
    const found = await run('Grüße 😀', {});
    expect(found.text).toBe('Grüße 😀');
    expect(found.pieces).toEqual(['G', 'r', 'ü', 'ß', 'e', ' ', '😀']);
    expect(found).toMatchObject({ finish: 'end' });
    expect(found.tokens.at(-1)).toBe(END);
  });

  it('ends at a stop string, and gives neither it nor half of it', async () => {
    const found = await run('one\n\ntwo', { stop: ['\n\nt', 'zzz'] });
    expect(found).toMatchObject({ text: 'one', finish: 'stop' });
    expect(found.pieces.join('')).toBe('one');
    expect(tokenizer.decode(found.tokens)).toBe('one\n\nt');
  });

  it('gives what was held back when the text ends otherwise', async () => {
    const found = await run('one\n\n', { stop: ['\n\nt'] });
    expect(found).toMatchObject({ text: 'one\n\n', finish: 'end' });
    expect(found.pieces.join('')).toBe('one\n\n');
    expect(await run('abcdef', { maxNewTokens: 3, stop: ['cd'] })).toMatchObject({
      text: 'abc',
      finish: 'length',
    });
    expect(await run('abcdef', { maxNewTokens: 3, stop: ['bc'] })).toMatchObject({
      text: 'a',
      finish: 'stop',
    });
  });

  it('ends each text of a batch by itself, and tells whose a piece is', async () => {
    const scripts: Record<string, string> = { x: 'long text', y: 'no', z: 'so;so' };
    const model = toyModel(
      256,
      (tokens) =>
        scriptedLogits(256, 1, [...utf8(scripts[String.fromCharCode(tokens[0]!)]!)], END)(tokens),
      { tokenizer, endTokens: [END] },
    );
    const texts = ['', '', ''];
    const onText = (piece: string, input: number) => {
      texts[input] += piece;
    };
    const found = await generateText(model, ['x', 'y', [122]], { onText, stop: [';'] });
    expect(texts).toEqual(['long text', 'no', 'so']);
    expect(found.map(({ hypotheses }) => hypotheses[0]!.text)).toEqual(texts);
  });

  it('tells which of several samples a piece belongs to', async () => {
    const model = toyModel(256, hashLogits(256, 5), { tokenizer });
    const texts = ['', '', ''];
    const onText = (piece: string, _input: number, sample: number) => {
      texts[sample] += piece;
    };
    const options = { temperature: 1, hypotheses: 3, maxNewTokens: 6, onText };
    const [found] = await generateText(model, ['x'], options);
    expect(texts).toEqual(found!.hypotheses.map(({ text }) => text));
    expect(new Set(texts).size).toBe(3);
  });

  it('gives the end of a text when that text ends, not when the batch does', async () => {
    const model = toyModel(
      256,
      (tokens) =>
        scriptedLogits(256, 1, [...utf8(tokens[0] === 0x78 ? 'ab' : 'long')], END)(tokens),
      { tokenizer, endTokens: [END] },
    );
    const heard: string[] = [];
    const onText = (piece: string) => heard.push(piece);
    await generateText(model, ['x', 'y'], { onText, stop: ['bc'] });
    expect(heard).toEqual(['a', 'l', 'o', 'b', 'n', 'g']);
  });

  it('gives the best text of a beam search in one piece', async () => {
    const found = await run('Grüße', { beams: 2, hypotheses: 2 });
    expect(found.pieces).toEqual(['Grüße']);
  });

  it('lets a listener watch and end the text', async () => {
    const found = await run('abcdef', {
      onToken: ({ token }) => (token === 0x63 ? 'stop' : 'continue'),
    });
    expect(found).toMatchObject({ text: 'abc', finish: 'stop' });
  });

  it.each<[TextOptions, string]>([
    [{ stop: ['x'], beams: 2 }, 'stop: a beam search has no stop strings'],
    [{ stop: [''] }, 'stop: an empty string'],
  ])('refuses %j', async (options, message) => {
    await expect(generateText(writer('a'), ['x'], options)).rejects.toThrow(message);
  });
});
