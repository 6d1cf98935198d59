/** The commands that run models, on tiny checkpoints of random weights with a word per token. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FAMILIES, readReference } from '../model/family.ts';
import {
  chatAnswer,
  chatPiece,
  sendJson,
  sendPieces,
  startEndpoint,
} from '../model/http/fakeEndpoint.ts';
import { withTokenizer } from '../model/tinyTokenizer.ts';
import { runMain, scratchFolder } from './runMain.ts';

const TEXTS = ['w95 w62 w56 w61 w65', 'w4 w5', 'w9 w8 w7 w6'];
const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const modelOf = (name: string) => withTokenizer(join(FAMILIES, name));

function softmax(logits: readonly number[]): number[] {
  const weights = logits.map(Math.exp);
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

describe('predict', () => {
  const model = modelOf('bert');
  const [short] = readReference('bert').cases;
  const wanted = softmax(short!.logits[0] as number[]);

  it('tells the probabilities of the reference', async () => {
    const { code, stdout } = await runMain(['predict', model, TEXTS[0]!, '--json']);
    expect(code).toBe(0);
    const [{ id, label, probabilities }] = lines(stdout);
    expect(id).toBe('0');
    expect(label).toBe(Object.keys(probabilities)[wanted.indexOf(Math.max(...wanted))]);
    Object.values<number>(probabilities).forEach((p, i) => {
      expect(Math.abs(p - wanted[i]!)).toBeLessThan(1e-4);
    });
  });

  it('answers people in words', async () => {
    const { stdout } = await runMain(['predict', model, TEXTS[0]!, TEXTS[1]!]);
    expect(stdout.trim().split('\n')).toHaveLength(2);
    expect(stdout).toMatch(/^\w+ {2}\(\w+ \d+\.\d %, \w+ \d+\.\d %, \w+ \d+\.\d %\)$/m);
  });

  it('keeps the order of the data, and counts what is right', async () => {
    const folder = scratchFolder();
    const alone = await Promise.all(
      TEXTS.map(
        async (text) => lines((await runMain(['predict', model, text, '--json'])).stdout)[0],
      ),
    );
    const rows = TEXTS.map((text, i) => `n${i}\t${text}\t${i === 1 ? 'wrong' : alone[i].label}`);
    writeFileSync(join(folder, 'test.tsv'), ['id\tsentence\tlabel', ...rows].join('\n'));
    const argv = ['predict', model, '--input', 'test.tsv', '--columns', 'text=sentence'];
    const { code, stdout, stderr } = await runMain(argv, { currentFolder: folder });
    expect(code).toBe(0);
    const found = lines(stdout);
    expect(found.map(({ id }) => id)).toEqual(['n0', 'n1', 'n2']);
    expect(found.map(({ label }) => label)).toEqual(alone.map(({ label }) => label));
    expect(stderr).toContain('accuracy 66.7 % (2 of 3 right)');
  });

  it('takes its own output for a model', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'test.txt.gz'), gzipSync(TEXTS.join('\n')));
    const first = await runMain(['predict', model, '-i', 'test.txt.gz'], { currentFolder: folder });
    writeFileSync(join(folder, 'said.jsonl'), first.stdout);
    const again = await runMain(['predict', 'said.jsonl', '-i', 'test.txt.gz'], {
      currentFolder: folder,
    });
    const numbers = (text: string) => lines(text).map(({ probabilities }) => probabilities);
    expect(again.code).toBe(0);
    numbers(again.stdout).forEach((row, i) => {
      for (const [label, p] of Object.entries(numbers(first.stdout)[i]!)) {
        expect(Math.abs((row as Record<string, number>)[label]! - (p as number))).toBeLessThan(
          1e-9,
        );
      }
    });
  });

  it('reads standard input', async () => {
    const { stdout } = await runMain(['predict', model], { stdin: TEXTS.join('\n') });
    expect(lines(stdout).map(({ id }) => id)).toEqual(['0', '1', '2']);
  });
});

describe('generate and translate', () => {
  it('writes what the reference does', async () => {
    const { greedy } = readReference('llama') as unknown as {
      greedy: { input_ids: number[][]; new_ids: number[][] }[];
    };
    const words = (ids: readonly number[]) => ids.map((id) => `w${id}`).join(' ');
    const { input_ids: ids, new_ids: written } = greedy[0]!;
    const argv = ['generate', modelOf('llama'), words(ids[0]!), '--max-new-tokens', '12'];
    const { code, stdout } = await runMain(argv);
    expect(code).toBe(0);
    expect(stdout.trim().replaceAll(/\s+/g, ' ')).toBe(words(written[0]!));
    const json = await runMain([...argv, '--json']);
    expect(lines(json.stdout)[0]).toMatchObject({ id: '0', logprob: expect.any(Number) });
  });

  it('draws the same text for the same seed', async () => {
    const argv = ['generate', modelOf('gpt2'), 'w1 w2', '--temperature', '1', '--seed', '7'];
    const [first, second] = [await runMain(argv), await runMain(argv)];
    expect(first.stdout).toBe(second.stdout);
    const other = await runMain([...argv.slice(0, -1), '8']);
    expect(other.stdout).not.toBe(first.stdout);
  });

  it('translates with beams', async () => {
    const model = modelOf('marian');
    const argv = ['translate', model, 'w21 w105 w15', '--beams', '2', '--max-new-tokens', '5'];
    const { code, stdout } = await runMain([...argv, '--json']);
    expect(code).toBe(0);
    expect(lines(stdout)[0].logprob).toBeLessThan(0);
  });
});

describe('score and embed', () => {
  it('scores by the words that follow the first', async () => {
    const { code, stdout, stderr } = await runMain([
      'score',
      modelOf('llama'),
      'w4 w5 w6',
      'w9 w9',
      '--json',
    ]);
    expect(code).toBe(0);
    const [first] = lines(stdout);
    expect(first).toMatchObject({ id: '0', tokens: 3, bytes: 8 });
    expect(first.perplexity).toBeCloseTo(Math.exp(-first.logprob / 3), 9);
    expect(first.bits_per_byte).toBeCloseTo(-first.logprob / Math.LN2 / 8, 9);
    expect(stderr).toMatch(/^all: log-probability -\d+\.\d+, 5 tokens/);
  });

  it('scores what is longer than the model in windows, and says so', async () => {
    const text = Array.from({ length: 150 }, (_, i) => `w${i % 90}`).join(' ');
    const argv = ['score', modelOf('llama'), text, 'w9 w9', '--stride', '30', '--json'];
    const { code, stdout, stderr } = await runMain(argv);
    expect(code).toBe(0);
    const [long, short] = lines(stdout);
    expect(long).toMatchObject({ tokens: 150, windows: 4 });
    expect(short).not.toHaveProperty('windows');
    expect(stderr).toContain('longer than the model reads, so read in windows: 1\n');
  });

  it('scores by an n-gram file', async () => {
    const folder = scratchFolder();
    const text = `\\data\\\nngram 1=4\n\n\\1-grams:\n-99 <s>\n-1 </s>\n-0.5 a\n-0.25 b\n\n\\end\\\n`;
    writeFileSync(join(folder, 'model.arpa'), text);
    const { stdout } = await runMain(['score', 'model.arpa', 'a b', '--json'], {
      currentFolder: folder,
    });
    expect(lines(stdout)[0].logprob).toBeCloseTo(-1.75 * Math.LN10, 9);
  });

  it('embeds', async () => {
    const { stdout } = await runMain(['embed', modelOf('bert'), TEXTS[0]!, '--json']);
    const states = readReference('bert').cases[0]!.last_hidden_state![0]!;
    const mean = states[0]!.map(
      (_, i) => states.reduce((sum, row) => sum + row[i]!, 0) / states.length,
    );
    const { vector } = lines(stdout)[0];
    mean.forEach((value, i) => {
      expect(Math.abs(vector[i] - value)).toBeLessThan(1e-4);
    });
  });
});

describe('a model behind HTTP', () => {
  const env = { OPENAI_API_KEY: 'sk-very-secret' };

  it('writes, with the key of the environment', async () => {
    const { name, asked } = await startEndpoint((_, response) => {
      const end = chatPiece('', { finish_reason: 'stop' });
      sendPieces(response, [chatPiece('Hel'), chatPiece('lo'), end, 'data: [DONE]\n\n']);
      response.end();
    });
    const { code, stdout, stderr } = await runMain(['generate', name, 'Hi'], { env });
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: 'Hello\n' });
    expect(asked[0]!.headers.authorization).toBe(`Bearer ${env.OPENAI_API_KEY}`);
  });

  it('labels, by its answers where it gives no log-probabilities', async () => {
    const { name } = await startEndpoint(({ body }, response) =>
      sendJson(response, chatAnswer(JSON.stringify(body).includes('great') ? ' good' : ' bad')),
    );
    const argv = ['predict', name, 'great', 'awful', '--json', '--prompt', 'Review: {text} is'];
    const { code, stdout, stderr } = await runMain(
      [...argv, '--labels', 'negative=bad|poor,positive=good'],
      { env },
    );
    expect(code, stderr).toBe(0);
    expect(lines(stdout).map(({ label }) => label)).toEqual(['positive', 'negative']);
  });

  it('fails with status and endpoint, and never with the key', async () => {
    const { name, origin } = await startEndpoint((_, response) =>
      sendJson(response, { error: { message: `no such key: ${env.OPENAI_API_KEY}` } }, 401),
    );
    const { code, stdout, stderr } = await runMain(['generate', name, 'Hi', '--json'], { env });
    expect(code).toBe(2);
    expect(stderr).toContain('401');
    expect(stderr).toContain(origin);
    expect(stdout + stderr).not.toContain(env.OPENAI_API_KEY);
  });
});

describe('convert', () => {
  it('writes a folder that runs', async () => {
    const folder = scratchFolder();
    const argv = ['convert', modelOf('bert'), 'onnx-bert', '--to', 'onnx', '--quantize', 'int8'];
    const { code, stdout, stderr } = await runMain(argv, { currentFolder: folder });
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('onnx/model_quantized.onnx');
    const run = await runMain(['predict', 'onnx-bert', TEXTS[0]!, '--json'], {
      currentFolder: folder,
    });
    const direct = await runMain(['predict', modelOf('bert'), TEXTS[0]!, '--json']);
    expect(lines(run.stdout)[0].label).toBe(lines(direct.stdout)[0].label);
    const again = await runMain(argv, { currentFolder: folder });
    expect(again.code).toBe(2);
  });
});

describe('bad input', () => {
  it.each<[string, string[], RegExp]>([
    ['no texts', ['predict', 'bert'], /no texts/],
    ['texts and data', ['predict', 'bert', 'w1', '--input', 'x.tsv'], /and --input as well/],
    ['no such model', ['predict', 'nowhere', 'w1'], /"nowhere": not found/],
    [
      'another capability',
      ['generate', 'bert', 'w1'],
      /cannot answer prompts \(it can: label texts/,
    ],
    ['another kind', ['translate', 'llama', 'w1'], /lmfuse generate/],
    ['a text too long', ['predict', 'bert', 'w1 '.repeat(65)], /65 tokens, and \S* reads 64/],
    ['data of no known format', ['predict', 'bert', '-i', 'x.doc'], /x\.doc/],
    ['a missing file', ['predict', 'bert', '-i', 'x.tsv'], /x\.tsv/],
    ['an unknown architecture', ['predict', 'odd', 'w1'], /"OddModel" cannot be run \(these can: /],
    ['no tokenizer', ['predict', 'bare', 'w1'], /has no tokenizer\.json/],
    ['a prompt without labels', ['predict', 'bert', 'w1', '--prompt', '{text}'], /go together/],
    [
      'options that exclude each other',
      ['generate', 'llama', 'w1', '--beams', '2', '--top-k', '3'],
      /topK/,
    ],
  ])('%s', async (_, argv, message) => {
    const folder = scratchFolder();
    const models: Record<string, string> = { bert: modelOf('bert'), llama: modelOf('llama') };
    mkdirSync(join(folder, 'odd'));
    const config = readFileSync(join(FAMILIES, 'bert/config.json'), 'utf8');
    const weights = readFileSync(join(FAMILIES, 'bert/model.safetensors'));
    writeFileSync(
      join(folder, 'odd/config.json'),
      config.replace('BertForSequenceClassification', 'OddModel'),
    );
    writeFileSync(join(folder, 'odd/model.safetensors'), weights);
    mkdirSync(join(folder, 'bare'));
    writeFileSync(join(folder, 'bare/config.json'), config);
    writeFileSync(join(folder, 'bare/model.safetensors'), weights);
    const [command, name, ...rest] = argv;
    const run = await runMain([command!, models[name!] ?? name!, ...rest], {
      currentFolder: folder,
    });
    expect(run.stderr).toMatch(message);
    expect(run.code).toBe(2);
    expect(run.stdout).toBe('');
  });
});
