/** Fusion recipes from the command line, on tiny checkpoints of random weights. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpointModel } from '../../src/model/checkpointModel.ts';
import { scratchFolder } from '../merge/scratch.ts';
import { FAMILIES } from '../model/family.ts';
import { chatAnswer, sendJson, startEndpoint } from '../model/http/fakeEndpoint.ts';
import { byteTokenizer, withTokenizer } from '../model/tinyTokenizer.ts';
import { runMain } from './runMain.ts';

const { path: folder, remove } = scratchFolder();
afterAll(remove);
const bert = withTokenizer(join(FAMILIES, 'bert'));
const roberta = withTokenizer(join(FAMILIES, 'distilbert'));
const llama = withTokenizer(join(FAMILIES, 'llama'));
const marian = withTokenizer(join(FAMILIES, 'marian'));

function recipe(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const LABELS = ['negative', 'neutral', 'positive'];

const data = recipe(
  'dev.tsv',
  `text\tlabel\n${Array.from({ length: 40 }, (_, i) => `w${i} w${(7 * i) % 90}\t${LABELS[i % 3]}`).join('\n')}\n`,
);

const linear = (extra = '') =>
  `ensemble: linear\nmembers:\n  - model: ${bert}\n    weight: 1\n  - model: ${roberta}\n    weight: 3\n${extra}`;

describe('predict', () => {
  it('pools what the members say', async () => {
    const ensemble = await runMain(['predict', recipe('linear.yml', linear()), 'w4 w5', '--json']);
    expect(ensemble.stderr).toBe('');
    const [found] = lines(ensemble.stdout);
    const alone = await Promise.all(
      [bert, roberta].map(
        async (model) => lines((await runMain(['predict', model, 'w4 w5', '--json'])).stdout)[0],
      ),
    );
    for (const [label, p] of Object.entries<number>(found.probabilities)) {
      const mean = (alone[0].probabilities[label] + 3 * alone[1].probabilities[label]) / 4;
      expect(p).toBeCloseTo(mean, 6);
    }
  });

  it('takes a recipe wherever a model is named', async () => {
    recipe('linear.yml', linear());
    const outer = recipe('outer.yml', 'ensemble: vote\nmembers: [{model: linear.yml}]\n');
    const { code, stdout, stderr } = await runMain(['predict', outer, 'w4 w5', '--json']);
    expect(code, stderr).toBe(0);
    const { label } = lines(
      (await runMain(['predict', recipe('linear.yml', linear()), 'w4 w5', '--json'])).stdout,
    )[0];
    expect(lines(stdout)[0].label).toBe(label);
  });

  it('tells who was missing', async () => {
    const { name: endpoint } = await startEndpoint((_, response) => {
      sendJson(response, { error: { message: 'out of order' } }, 400);
    });
    const text = `${linear()}  - model: ${endpoint}\n    prompt: "{text}"\n    labels: {negative: [zero], neutral: [one], positive: [two]}\non_failure: drop\n`;
    const { stdout, stderr, code } = await runMain([
      'predict',
      recipe('drop.yml', text),
      'w4',
      '--json',
    ]);
    expect(code, stderr).toBe(0);
    expect(lines(stdout)[0].missing).toEqual([`${endpoint}`]);
    expect(stderr).toContain(`without ${endpoint}`);
    expect(stderr).toContain('out of order');
  });
});

describe('a model that writes, as a classifier', () => {
  it('is asked by a prompt how probable the words of each label are', async () => {
    const text = `ensemble: linear\nmembers:\n  - model: ${llama}\n    prompt: "{text} w9"\n    labels: {bad: [w5, w7], good: [w6]}\n`;
    const { stdout, code, stderr } = await runMain([
      'predict',
      recipe('llm.yml', text),
      'w4 w5',
      '--json',
    ]);
    expect(code, stderr).toBe(0);
    const model = await openCheckpointModel(llama, 'llama');
    const rows = [5, 7, 6].map((word) => ({ input: [4, 5, 9], continuation: [word] }));
    const scores = await model.next!.continuationLogProbabilities(rows);
    await model.close();
    const [bad, other, good] = scores.map(([x]) => Math.exp(x!)) as [number, number, number];
    const { probabilities } = lines(stdout)[0];
    expect(probabilities.good).toBeCloseTo(good / (bad + other + good), 5);
  });
});

describe('fit', () => {
  it('refuses a pool over bytes that it cannot fit', async () => {
    const captions = withTokenizer(join(FAMILIES, 'llama'), byteTokenizer(['do']));
    const text = `ensemble: byte_level\npool: log_linear\nmembers: [{model: ${captions}}]\n`;
    const out = join(folder, 'bytes.fitted.yml');
    const path = recipe('bytes.yml', text);
    const { code, stderr } = await runMain(['fit', path, '--data', data, '--out', out]);
    expect(code).toBe(2);
    expect(stderr).toContain('can be fitted for the pools linear and bayes alone');
  });

  const unfitted = `ensemble: linear # of two\nmembers:\n  - model: ${bert}\n  - model: ${roberta}\nweights: {fit: dev.tsv}\n`;

  it('is what an unfitted recipe asks for', async () => {
    const path = recipe('unfitted.yml', unfitted);
    const { code, stderr } = await runMain(['predict', path, 'w4']);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `lmfuse fit ${path} --data dev.tsv --out ${join(folder, 'unfitted.fitted.yml')}`,
    );
  });

  it('writes the recipe with weights, where they come from, and the comments', async () => {
    const out = join(folder, 'fitted.yml');
    const run = ['fit', recipe('unfitted.yml', unfitted), '--data', data, '--out', out];
    const { code, stdout, stderr } = await runMain([...run, '--json', '--quiet']);
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout);
    const text = readFileSync(out, 'utf8');
    expect(text).toContain('ensemble: linear # of two');
    expect(text).toMatch(/sha256: [0-9a-f]{64}\n {2}items: 40/);
    expect(report.weights.reduce((a: number, b: number) => a + b)).toBeCloseTo(1, 12);
    expect(report.gapBound).toBeLessThan(1e-9);
    expect(report.fittedLoss).toBeLessThanOrEqual(Math.min(...report.memberLosses) + 1e-12);
    expect((await runMain(['predict', out, 'w4'])).code).toBe(0);
    expect((await runMain(run)).stderr).toContain('exists already');
  });

  it('shows the best member beside the result', async () => {
    const out = join(folder, 'shown.yml');
    const { stdout } = await runMain([
      'fit',
      recipe('unfitted.yml', unfitted),
      '--data',
      data,
      '--out',
      out,
    ]);
    expect(stdout).toMatch(/\(best\)/);
    expect(stdout).toMatch(/equal weights/);
    expect(stdout).toMatch(/etter than the best member by itself/);
  });

  it.each(['linear', 'log_linear', 'bayes'])('fits %s to texts of a causal model', async (kind) => {
    const other = withTokenizer(join(FAMILIES, 'mistral'));
    const text = `ensemble: ${kind}\nmembers: [{model: ${llama}}, {model: ${other}}]\n`;
    const texts = recipe('texts.tsv', 'text\nw1 w2 w3\nw4 w5\nw9 w8 w7\nw1 w1\nw2 w3\nw3 w5 w6\n');
    const out = join(folder, `${kind}.fitted.yml`);
    const run = ['fit', recipe(`${kind}.yml`, text), '--data', texts, '--out', out, '--json', '-q'];
    const { code, stdout, stderr } = await runMain([...run, '--folds', '3']);
    expect(stderr).toBe('');
    expect(code, stderr).toBe(0);
    const { weights, fittedLoss, memberLosses, uniformLoss } = JSON.parse(stdout);
    expect(weights).toHaveLength(2);
    expect(fittedLoss).toBeLessThanOrEqual(Math.min(...memberLosses, uniformLoss) + 1e-9);
  });
});

describe('fit of a reranker', () => {
  it('writes the features, and holds them beside the best member and equal weights', async () => {
    const text = `ensemble: rerank\nmembers: [{model: ${marian}}]\nfeatures: {mbr: 1, log_probability: 1}\ncandidates: {best: 3, max_new_tokens: 4}\n`;
    const pairs = Array.from({ length: 8 }, (_, i) => `w${i + 4} w${i + 9}\tw${2 * i} w${i + 1}`);
    const rows = recipe('pairs.tsv', `source\ttarget\n${pairs.join('\n')}\n`);
    const out = join(folder, 'rerank.fitted.yml');
    const run = ['fit', recipe('rerank.yml', text), '--data', rows, '--out', out];
    const options = ['--json', '-q', '--folds', '2', '--metric', 'chrf'];
    const { code, stdout, stderr } = await runMain([...run, ...options]);
    expect(code, stderr).toBe(0);
    const { weights, fittedValue, uniformValue, memberValues } = JSON.parse(stdout);
    expect(Object.keys(weights)).toEqual(['mbr', 'log_probability']);
    expect(fittedValue).toBeGreaterThanOrEqual(uniformValue);
    expect(memberValues).toHaveLength(1);
    expect(readFileSync(out, 'utf8')).toContain(`mbr: ${weights.mbr}`);
    expect((await runMain(['translate', out, 'w4'])).code).toBe(0);
  });
});

describe('explain', () => {
  it('shows labels', async () => {
    const { stdout } = await runMain(['explain', recipe('linear.yml', linear()), '--text', 'w4']);
    expect(stdout).toContain('without it');
    expect(stdout).toContain('all together');
  });

  it('shows tokens', async () => {
    const text = `ensemble: linear\nmembers: [{model: ${llama}}, {model: ${llama}, name: again}]\ngeneration: {max_new_tokens: 3}\n`;
    const { stdout } = await runMain(['explain', recipe('lm.yml', text), '--text', 'w4', '--json']);
    const { steps, kind } = JSON.parse(stdout);
    expect(kind).toBe('tokens');
    expect(steps.length).toBeGreaterThan(0);
    for (const { members } of steps) {
      expect(members[0].logProbability).toBe(members[1].logProbability);
    }
  });

  it('shows candidates', async () => {
    const text = `ensemble: mbr\nmembers: [{model: ${marian}}]\ncandidates: {best: 3, max_new_tokens: 5}\n`;
    const { stdout } = await runMain([
      'explain',
      recipe('mbr.yml', text),
      '--text',
      'w4',
      '--json',
    ]);
    const { candidates, text: chosen } = JSON.parse(stdout);
    expect(candidates).toHaveLength(3);
    expect(candidates.find((each: { isChosen: boolean }) => each.isChosen).text).toBe(chosen);
  });

  it('shows the calls of a panel', async () => {
    const { name: endpoint } = await startEndpoint((_, response) => {
      sendJson(response, chatAnswer('four'));
    });
    const text = `ensemble: panel\ntask: text-generation\nmode: vote\nmembers: [{model: "${endpoint}"}, {model: "${endpoint}-b"}]\n`;
    const { stdout } = await runMain(['explain', recipe('panel.yml', text), '--text', '2+2']);
    expect(stdout).toMatch(/^four\n/);
    expect(stdout).toContain('2 calls in');
  });
});

describe('generate', () => {
  it('refuses what a model that only answers would pass over', async () => {
    const { name } = await startEndpoint((_, response) => sendJson(response, chatAnswer('hi')));
    const { code, stderr } = await runMain(['generate', name, 'Hi', '--top-k', '5']);
    expect(code).toBe(2);
    expect(stderr).toContain('writes by settings of its own, and --top-k is none of them');
    const asked = await runMain(['generate', name, 'Hi', '--max-new-tokens', '5']);
    expect(asked.stdout).toBe('hi\n');
  });
});

describe('translate', () => {
  it('refuses settings where the recipe alone has them', async () => {
    const text = `ensemble: mbr\nmembers: [{model: ${marian}}]\n`;
    const path = recipe('mbr.yml', text);
    const { code, stderr } = await runMain(['translate', path, 'w4', '--length-penalty', '2']);
    expect(code).toBe(2);
    expect(stderr).toContain('writes by settings of its own, and --length-penalty is none of them');
  });

  it.each(['linear', 'log_linear'])('by two copies is the one model (%s)', async (kind) => {
    const weight = kind === 'linear' ? 1 : 0.5;
    const member = (name: string) => `{model: ${marian}, name: ${name}, weight: ${weight}}`;
    const text = `ensemble: ${kind}\nmembers: [${member('a')}, ${member('b')}]\n`;
    const args = ['w4 w5 w6', '--beams', '3', '--max-new-tokens', '6', '--json'];
    const twice = await runMain(['translate', recipe('mt.yml', text), ...args]);
    const alone = await runMain(['translate', marian, ...args]);
    expect(twice.stderr).toBe('');
    expect(lines(twice.stdout)[0].text).toBe(lines(alone.stdout)[0].text);
    expect(lines(twice.stdout)[0].logprob).toBeCloseTo(lines(alone.stdout)[0].logprob, 4);
  });
});

describe('a recipe that is wrong', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['a kind', 'ensemble: linaer\nmembers: [{model: a}]\n', 'did you mean "linear"?'],
    [
      'a key',
      'ensemble: linear\nmembers: [{model: a, wieght: 1}]\n',
      'unknown key "wieght" in members[0]; did you mean "weight"?',
    ],
    ['no members', 'ensemble: linear\nmembers: []\n', 'members: the list is empty'],
    [
      'weights twice',
      'ensemble: linear\nmembers: [{model: a, weight: 2}]\nweights: {fit: dev.tsv}\n',
      'members[0].weight: is written, and weights are to be fitted as well',
    ],
    [
      'nothing to fit',
      'ensemble: borda\nmembers: [{model: a}]\nweights: {fit: dev.tsv}\n',
      'an ensemble by borda has nothing to fit',
    ],
    [
      'a quorum',
      'ensemble: linear\nmembers: [{model: a}]\non_failure: {quorum: 2}\n',
      'on_failure.quorum: 2, but there are 1 members',
    ],
    [
      'no such model',
      'ensemble: linear\nmembers: [{model: nowhere}]\n',
      'members[0]: model "nowhere": not found',
    ],
    ['a merge', 'merge_method: linear\nmodels: []\n', 'is no fusion recipe'],
    [
      'a circle',
      'ensemble: vote\nmembers: [{model: bad.yml}]\n',
      'recipes name each other in a circle',
    ],
  ];
  it.each(cases)('%s', async (_, text, message) => {
    const { code, stderr } = await runMain(['predict', recipe('bad.yml', text), 'w4']);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('mixes a classifier with a writer', async () => {
    const text = `ensemble: linear\ntask: text-classification\nmembers: [{model: ${bert}}, {model: ${llama}}]\n`;
    const { stderr } = await runMain(['predict', recipe('bad.yml', text), 'w4']);
    expect(stderr).toContain(
      'cannot label texts (it can: continue texts token by token, score texts',
    );
  });
});
