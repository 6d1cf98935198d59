/**
 * Every program in examples/ runs as a reader would run it, and prints what its formula gives: values
 * computed here from the same inputs, or by hand.
 */

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const EXAMPLES = join(import.meta.dirname, '../examples');
const PROGRAMS = readdirSync(EXAMPLES)
  .filter((name) => name.endsWith('.mjs'))
  .sort();

/** The lines that a program prints; it must end well, and say nothing on standard error. */
async function linesOf(program: string): Promise<readonly string[]> {
  const args = [join(EXAMPLES, program)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: tmpdir() });
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n');
}

/** The numbers in a line that are written with decimals. */
function numbersIn(line: string | undefined): number[] {
  return (line?.match(/\d+\.\d+/g) ?? []).map(Number);
}

function rounded(values: readonly number[], digits: number): number[] {
  return values.map((value) => Number(value.toFixed(digits)));
}

const sum = (values: readonly number[]) => values.reduce((total, x) => total + x, 0);
const product = (values: readonly number[]) => values.reduce((total, x) => total * x, 1);

/** p(word given the word before), of pairs that an ARPA file lists. */
function bigrams(file: string): (before: string, word: string) => number {
  const lines = readFileSync(join(EXAMPLES, 'models', file), 'utf8').split('\n');
  return (before, word) => {
    const line = lines.find((each) => each.split('\t')[1] === `${before} ${word}`);
    return 10 ** Number.parseFloat(line ?? '');
  };
}

const house = bigrams('house.arpa');
const garden = bigrams('garden.arpa');
const fused: typeof house = (before, word) => (house(before, word) + garden(before, word)) / 2;

function pairsOf(text: string): (readonly [string, string])[] {
  const words = ['<s>', ...text.split(' '), '</s>'];
  return words.slice(1).map((word, i) => [words[i]!, word] as const);
}

const textProbability = (p: typeof house, text: string) =>
  product(pairsOf(text).map((pair) => p(...pair)));

/** What each must print. */
const CHECKS: Readonly<Record<string, (lines: readonly string[]) => void>> = {
  'average-outputs.mjs'(lines) {
    expect(numbersIn(lines.at(-1))).toEqual([0.21, 0.19, 0.2, 0.4]);
    expect(numbersIn(lines[1])).toEqual([0.3, 0.1, 0.2, 0.3, 0.4]);
  },

  'average-weights.mjs'(lines) {
    expect(numbersIn(lines.at(-1))).toEqual([0.2, 0.2, 0.4667]);
  },

  'vote.mjs'(lines) {
    const spam = (0.55 + 0.55 + 0.05) / 3;
    expect(lines).toEqual([
      'vote: spam (spam 0.6667, ham 0.3333)',
      `mean: ham  (spam ${spam.toFixed(4)}, ham ${(1 - spam).toFixed(4)})`,
    ]);
  },

  'product-of-experts.mjs'(lines) {
    const first = [0.62, 0.3, 0.08];
    const second = [0.1, 0.3, 0.6];
    const normalized = (values: number[]) => values.map((value) => value / sum(values));
    const power = (weight: number) =>
      normalized(first.map((p, i) => p ** weight * second[i]! ** weight));
    const pooled = lines.slice(2);
    const mean = first.map((p, i) => (p + second[i]!) / 2);
    expect(pooled.map(numbersIn)).toEqual(
      [mean, power(0.5), power(1)].map((values) => rounded(values, 3)),
    );
    expect(pooled.map((line) => line.split('-> ')[1])).toEqual(['red', 'green', 'green']);
  },

  'fused-decoding.mjs'(lines) {
    const expected = [
      ['the cat sleeps', house],
      ['the dog barks', garden],
      ['the bird flies', fused],
    ] as const;
    expected.forEach(([text, model], i) => {
      expect(lines[i]).toContain(` ${text} `);
      expect(numbersIn(lines[i])).toEqual(rounded([textProbability(model, text)], 4));
    });
    expect(lines.slice(-4).map(numbersIn)).toEqual(
      pairsOf('the bird flies').map((pair) =>
        rounded([fused(...pair), house(...pair), garden(...pair)], 4),
      ),
    );
  },

  'bayes-weights.mjs'(lines) {
    const text = 'the dog barks';
    let [inHouse, inGarden] = [0.5, 0.5];
    const expected = pairsOf(text).map((pair) => {
      const [h, g, weight] = [house(...pair), garden(...pair), inGarden / (inHouse + inGarden)];
      inHouse *= h;
      inGarden *= g;
      return rounded([h, g, (h + g) / 2, (1 - weight) * h + weight * g, weight], 4);
    });
    expect(lines.slice(1, -1).map(numbersIn)).toEqual(expected);
    const [ofHouse, ofGarden] = [textProbability(house, text), textProbability(garden, text)];
    const linear = textProbability(fused, text);
    expect(numbersIn(lines.at(-1))).toEqual(
      rounded([ofHouse, ofGarden, linear, (ofHouse + ofGarden) / 2], 4),
    );
  },

  'byte-level.mjs'(lines) {
    const [a, b, ab, end] = [0.3, 0.1, 0.5, 0.1];
    const pairs = [a + ab, (a * b + ab) / (a + ab), end];
    const letters = [0.6, 0.3, 0.1];
    const both = pairs.map((p, i) => (p + letters[i]!) / 2);
    expect(lines.slice(1).map(numbersIn)).toEqual(
      [pairs, letters, both].map((values) => rounded(values, 5)),
    );
  },

  'mbr.mjs'(lines) {
    const texts = lines.slice(0, -1).map((line) => line.split(/ {2,}/)[2]!);
    expect(texts.length).toBe(4);
    const utilities = texts.map((text) => sum(texts.map((other) => chrf(text, other))) / 4);
    const best = texts[utilities.indexOf(Math.max(...utilities))];
    expect(lines.flatMap(numbersIn)).toEqual(rounded(utilities, 4));
    expect(lines.at(-1)).toBe(`chosen: ${best}`);
  },

  'panel-vote.mjs'(lines) {
    expect(lines.filter((line) => line.includes('  answered  ')).length).toBe(3);
    expect(lines.at(-1)).toMatch(/^panel \(by ada\): .*\$1,200\.$/);
  },

  'serve.mjs'(lines) {
    const [first, ...tokens] = lines;
    expect(first).toBe('200 house-and-garden: "the" is continued by "bird flies" (stop)');
    const probabilities = [fused('the', 'bird'), fused('bird', 'flies')];
    expect(tokens.flatMap(numbersIn)).toEqual(rounded(probabilities, 4));
  },
};

describe('programs', () => {
  it.each(Object.entries(CHECKS))('%s', async (program, check) => check(await linesOf(program)));

  it('are all checked', () => {
    expect(Object.keys(CHECKS).sort()).toEqual(PROGRAMS);
  });
});

/** chrF2 of Popović, 2015: characters without spaces, n from 1 to 6. */
function chrf(text: string, reference: string): number {
  const scores = [1, 2, 3, 4, 5, 6].map((n) => {
    const [own, theirs] = [grams(text, n), grams(reference, n)];
    const shared = sum([...own].map(([gram, count]) => Math.min(count, theirs.get(gram) ?? 0)));
    return {
      precision: shared / sum([...own.values()]),
      recall: shared / sum([...theirs.values()]),
    };
  });
  const precision = sum(scores.map((each) => each.precision)) / 6;
  const recall = sum(scores.map((each) => each.recall)) / 6;
  return (100 * 5 * precision * recall) / (4 * precision + recall);
}

function grams(text: string, n: number): Map<string, number> {
  const characters = text.replaceAll(' ', '');
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= characters.length; i++) {
    const gram = characters.slice(i, i + n);
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

describe('examples/README.md', () => {
  it('has a row for every file, and for no other', () => {
    const readme = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
    const named = [...readme.matchAll(/^\| \[(.+?)\]\((.+?)\) /gm)].map(([, name, target]) => {
      expect(target).toBe(name);
      return name;
    });
    const files = [
      ...PROGRAMS,
      ...readdirSync(join(EXAMPLES, 'models')).map((name) => `models/${name}`),
    ];
    expect(named.sort()).toEqual(files.sort());
  });
});
