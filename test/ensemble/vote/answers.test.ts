import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { voteOnAnswers } from '../../../src/ensemble/vote/answers.ts';
import { canonicalAnswer } from '../../../src/ensemble/vote/canonicalAnswer.ts';

describe('canonicalAnswer', () => {
  it.each([
    [
      '1000',
      [
        '1,000',
        '1000.0',
        '1000.',
        '$1,000.00',
        '+1000',
        ' **1,000** ',
        '(1000)',
        '01000',
        '１０００',
        'the 1,000.',
      ],
    ],
    ['-0.5', ['-.5', '-0.50', '\u22120.5', '$-0.5', '-$0.50']],
    ['0', ['0', '-0', '0.0', '+.0', '00']],
    ['paris', ['Paris', 'paris.', '"Paris"', 'The Paris', '  PARIS!! ', '`Paris`', '「Paris」']],
    ['a', ['A', 'a.', '(A)', '**A**', 'A)']],
    ['new york city', ['New York City', 'the New  York\nCity.']],
    ['12345678901234567890', ['12,345,678,901,234,567,890', '12345678901234567890.0']],
  ])('is %j', (canonical, texts) => {
    for (const text of texts) expect(canonicalAnswer(text), text).toBe(canonical);
  });

  it('keeps apart what is not the same', () => {
    const different = [
      '5',
      '-5',
      '0.5',
      '5%',
      '15',
      '1.5',
      '1:5',
      '(1,5)',
      '10²',
      '102',
      'C',
      'C++',
      'C#',
      '1,5',
      'vitamin A',
      'vitamin',
      '1,00',
      '100',
      'x',
      'not x',
    ];
    // A decimal comma and a pair without a space cannot be told apart.
    const forms = different.map((each) => canonicalAnswer(each));
    expect(new Set(forms).size).toBe(different.length - 1);
    expect(canonicalAnswer('1,5')).toBe(canonicalAnswer('(1,5)'));
  });

  it('of punctuation alone is the text itself', () => {
    expect(canonicalAnswer(' ?! ')).toBe('?!');
    expect(canonicalAnswer('...')).toBe('...');
    expect(canonicalAnswer('  ')).toBe('');
  });

  it.each([
    ['So 3 + 4 = \\boxed{7}.', '7'],
    ['First \\boxed{1}, no: \\boxed{\\frac{1}{2}}', '1/2'],
    ['\\boxed{1{,}000}', '1000'],
    ['\\boxed{\\text{Paris}}', 'paris'],
    ['\\boxed{unclosed', 'boxedunclosed'],
    ['I think the answer is 42. Because of the book.', '42'],
    ['The answer is 7.\nWait. The final answer is: **8**.', '8'],
    ['Answer: Paris', 'paris'],
    ['48 / 2 = 24, and 24 + 48 = 72\n#### 72', '72'],
    ['The answer is $1,250.50.', '1250.5'],
    ['no mark at all', 'no mark at all'],
  ])('takes the answer out of %j', (text, canonical) => {
    expect(canonicalAnswer(text, { extract: ['boxed', 'answer_is'] })).toBe(canonical);
  });

  it('takes nothing out unless asked to', () => {
    expect(canonicalAnswer('The answer is 42.')).toBe('answer is 42');
  });

  it('is a form: applying it again changes nothing', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'aAtheT 0123,.-$()?! '.split('')) }),
        (text) => {
          const once = canonicalAnswer(text);
          // Dropping a word's punctuation can leave an article before another word.
          const settled = canonicalAnswer(canonicalAnswer(once));
          expect(canonicalAnswer(settled)).toBe(settled);
        },
      ),
    );
  });

  it('takes time in proportion to the text', () => {
    const marks = `1${'{('.repeat(200_000)}1 x${'.'.repeat(200_000)}x`;
    expect(canonicalAnswer(marks)).toBe(`${marks.split(' ')[0]} xx`);
    const long = `${' '.repeat(200_000)}answer${' '.repeat(200_000)}is${'{'.repeat(200_000)}`;
    expect(canonicalAnswer(long, { extract: ['boxed', 'answer_is'] })).toBe('answer is');
  });
});

describe('voteOnAnswers', () => {
  it('counts what means the same together, and returns the first as it was given', () => {
    const vote = voteOnAnswers(['1000', 'about a thousand', '1,000.0', undefined, ' '], {
      weights: [1, 1.5, 1, 2, 1],
    });
    expect(vote).toEqual({
      answer: '1000',
      groups: [
        { canonical: '1000', answer: '1000', votes: 2, voters: [0, 2] },
        { canonical: 'about thousand', answer: 'about a thousand', votes: 1.5, voters: [1] },
      ],
      leaders: ['1000'],
      abstained: 3,
    });
  });

  it('loses no vote for A', () => {
    expect(voteOnAnswers(['A', 'B', 'a.', '(A)'])).toMatchObject({ answer: 'A', leaders: ['a'] });
    expect(voteOnAnswers(['?!', '?!', 'B']).answer).toBe('?!');
  });

  it('gives ties to the answer that came up first', () => {
    expect(voteOnAnswers(['no', 'yes', 'Yes', 'No'])).toMatchObject({
      answer: 'no',
      leaders: ['no', 'yes'],
    });
  });

  it('returns the whole text of an answer that was taken out of it', () => {
    const texts = ['It is 7, so the answer is 7.', 'The answer is 7.0. Done.', 'The answer is 8.'];
    expect(voteOnAnswers(texts, { extract: ['answer_is'] }).answer).toBe(texts[0]);
  });

  it('has no answer if nobody gave one', () => {
    expect(voteOnAnswers([undefined, '\n'])).toEqual({
      answer: undefined,
      groups: [],
      leaders: [],
      abstained: 2,
    });
  });
});
