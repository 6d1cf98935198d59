/** Engines on a thread of their own and on that of the caller: the same numbers and the same ends. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as runtime from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpointModel } from '../../src/model/checkpointModel.ts';
import { convertToOnnx } from '../../src/model/convert/convertToOnnx.ts';
import type { LanguageModel } from '../../src/model/languageModel.ts';
import { openOnnxFolder } from '../../src/model/onnxFolder.ts';
import { scratchFolder } from '../merge/scratch.ts';
import { familyFolder, textOf } from './exported.ts';
import { int64, openGraph } from './family.ts';

const { path: scratch, remove } = scratchFolder();
afterAll(remove);

const ROWS = [
  [5, 17, 99, 3],
  [64, 21],
];
const ITEMS = ROWS.map((row, i) => ({ id: String(i), text: textOf(row) }));

async function numbersOf({ classify, embed, next }: LanguageModel): Promise<number[]> {
  const rows: (Float32Array | Float64Array)[] = [
    ...((await classify?.logProbabilities(ITEMS)) ?? []),
    ...((await embed?.vectors(ITEMS)) ?? []),
  ];
  if (next) {
    const stream = await next.start(ROWS);
    await stream.advance([1, 0, 1], [7, 8, 9]);
    rows.push(stream.logProbabilities().slice(), stream.logNormalizers!().slice());
    stream.close();
    rows.push(
      ...(await next.continuationLogProbabilities([{ input: [5], continuation: [17, 99] }])),
    );
  }
  return rows.flatMap((row) => [...row]);
}

describe.each([true, false])('on a thread of its own: %s', (ownThread) => {
  it.each(['bert', 'llama', 'marian'])('%s gives the same numbers', async (name) => {
    const folder = familyFolder(scratch, name);
    const model = await openCheckpointModel(folder, name, { ownThread });
    const small = await openCheckpointModel(folder, name);
    expect(await numbersOf(model)).toEqual(await numbersOf(small));
    await Promise.all([model.close(), small.close()]);
  });

  it('a closed model refuses what is asked and what was under way', async () => {
    const folder = familyFolder(scratch, 'llama');
    const model = await openCheckpointModel(folder, 'my llama', { ownThread });
    const underWay = model.next!.start(ROWS);
    const wanted = { code: 'aborted', message: 'my llama was closed' };
    const refused = expect(underWay).rejects.toMatchObject(wanted);
    await model.close();
    await refused;
    await expect(model.next!.start(ROWS)).rejects.toMatchObject(wanted);
    await model.close();
  });

  it('what is no model is refused in the same words', async () => {
    const folder = familyFolder(scratch, 'bert');
    mkdirSync(join(folder, 'onnx'), { recursive: true });
    writeFileSync(join(folder, 'onnx/model.onnx'), 'no model');
    await expect(openOnnxFolder(folder, 'a', { ownThread })).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining('onnx/model.onnx: cannot be opened'),
    });
  });
});

/** logit = log-probability + normalizer, whoever computed the graph. */
describe('logits can be had again', () => {
  const prompt = [5, 17, 99, 3];

  async function logitsOf(name: string): Promise<Float32Array> {
    const { session, graph } = await openGraph(name, 'config.json');
    const feeds: Record<string, runtime.Tensor> = {
      input_ids: int64([prompt]),
      attention_mask: int64([prompt.map(() => 1)]),
      position_ids: int64([prompt.map((_, i) => i)]),
      logits_from: new runtime.Tensor('int64', [3n], [1]),
    };
    for (const { name: input, dims } of graph.inputs) {
      const sizes = dims.map((dim) => (typeof dim === 'number' ? dim : dim === 'past' ? 0 : 1));
      feeds[input] ??= new runtime.Tensor('float32', new Float32Array(0), sizes);
    }
    return (await session.run(feeds)).logits!.data as Float32Array;
  }

  async function furthest(name: string, open: Promise<LanguageModel>): Promise<number> {
    const logits = await logitsOf(name);
    const model = await open;
    const stream = await model.next!.start([prompt, prompt.slice(1)]);
    const logProbabilities = stream.logProbabilities();
    const [normalizer] = stream.logNormalizers!() as unknown as [number];
    expect(stream.logNormalizers!().length).toBe(2);
    const sum = logits.reduce((total, x) => total + Math.exp(x), 0);
    expect(Math.abs(normalizer - Math.log(sum))).toBeLessThan(1e-5);
    await model.close();
    return Math.max(...logits.map((x, i) => Math.abs(logProbabilities[i]! + normalizer - x)));
  }

  it.each(['llama', 'gpt2', 'gemma2'])('of a checkpoint of %s', async (name) => {
    const open = openCheckpointModel(familyFolder(scratch, name), name);
    expect(await furthest(name, open)).toBeLessThan(1e-5);
  });

  it('of an ONNX file', async () => {
    const out = join(scratch, 'llama-onnx');
    await convertToOnnx(familyFolder(scratch, 'llama'), out);
    expect(await furthest('llama', openOnnxFolder(out, 'llama'))).toBeLessThan(1e-5);
  });
});
