/** Folders with ready ONNX files against the checkpoints that they were made of. */

import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpointModel } from '../../src/model/checkpointModel.ts';
import { convertToOnnx } from '../../src/model/convert/convertToOnnx.ts';
import type { LanguageModel, TokenModel } from '../../src/model/languageModel.ts';
import { holdsOnnx, openOnnxFolder } from '../../src/model/onnxFolder.ts';
import { scratchFolder } from '../merge/scratch.ts';
import { familyFolder, isKnown, textOf } from './exported.ts';
import { FAMILIES } from './family.ts';
import {
  countsPositions,
  encoded,
  exportedOf,
  inHalf,
  keepsLogits,
  merged,
  writeForeign,
} from './foreign.ts';

const { path: scratch, remove } = scratchFolder();
afterAll(remove);

const known = (names: readonly string[]) => names.filter(isKnown);

/** Rows of unlike length. */
const ROWS = [
  [5, 17, 99, 3],
  [64, 21],
  [7, 120, 33, 8, 90, 2],
];
const ITEMS = ROWS.map((row, i) => ({ id: String(i), text: textOf(row) }));

/** All numbers that a model gives for the rows, also after its sequences change places. */
async function answersOf({ classify, next }: LanguageModel): Promise<number[]> {
  const labels = classify ? await classify.logProbabilities(ITEMS) : [];
  return [...labels, ...(next ? await written(next) : [])].flatMap((row) => [...row]);
}

async function written(next: TokenModel): Promise<(Float32Array | Float64Array)[]> {
  const stream = await next.start(ROWS);
  const steps = [stream.logProbabilities().slice()];
  for (const parents of [
    [0, 1, 2],
    [2, 0, 0, 1],
    [3, 1],
  ]) {
    await stream.advance(
      parents,
      parents.map((parent) => parent + 40),
    );
    steps.push(stream.logProbabilities().slice());
  }
  const rows = ROWS.map((input, i) => ({ input, continuation: ROWS[(i + 1) % 3]! }));
  return [...steps, ...(await next.continuationLogProbabilities(rows))];
}

async function answers(open: Promise<LanguageModel>): Promise<number[]> {
  const model = await open;
  try {
    return await answersOf(model);
  } finally {
    await model.close();
  }
}

function furthest(actual: readonly number[], wanted: readonly number[]): number {
  expect(actual.length).toBe(wanted.length);
  return Math.max(...actual.map((x, i) => Math.abs(x - wanted[i]!)));
}

describe('a converted checkpoint', () => {
  const NAMES = known(['bert', 'distilbert', 'llama', 'llama3-tied', 'gpt2', 'marian', 't5-relu']);

  it.each(NAMES)('of %s gives what the checkpoint gives', async (name) => {
    const checkpoint = familyFolder(scratch, name);
    const out = join(scratch, name);
    await convertToOnnx(checkpoint, out, { overwrite: true });
    const wanted = await answers(openCheckpointModel(checkpoint, name));
    expect(furthest(await answers(openOnnxFolder(out, name)), wanted)).toBeLessThan(1e-4);
  });

  // In nats. Measured: 0.03 to 0.09; a wrong scale or a channel in the wrong place makes it above 1.
  it.each(NAMES)('of %s gives nearly that from int8', async (name) => {
    const checkpoint = familyFolder(scratch, name);
    const out = join(scratch, name);
    await convertToOnnx(checkpoint, out, { quantize: 'int8', overwrite: true });
    const wanted = await answers(openCheckpointModel(checkpoint, name));
    const file = ['marian', 't5-relu'].includes(name)
      ? 'decoder_model_merged_quantized.onnx'
      : 'model_quantized.onnx';
    const actual = await answers(openOnnxFolder(out, name, { file }));
    const mean = actual.reduce((sum, x, i) => sum + Math.abs(x - wanted[i]!), 0) / actual.length;
    expect(mean).toBeLessThan(0.2);
    expect(mean).toBeGreaterThan(0);
  });

  it('that describes texts gives their vectors', async () => {
    const [checkpoint, out] = [join(scratch, 'checkpoints/features'), join(scratch, 'features')];
    cpSync(familyFolder(scratch, 'roberta'), checkpoint, { recursive: true });
    const config = JSON.parse(readFileSync(join(checkpoint, 'config.json'), 'utf8'));
    const changed = { ...config, architectures: ['RobertaModel'] };
    writeFileSync(join(checkpoint, 'config.json'), JSON.stringify(changed));
    await convertToOnnx(checkpoint, out);
    const model = await openOnnxFolder(out, 'features');
    const own = await openCheckpointModel(checkpoint, 'features');
    const [vectors, wanted] = [await model.embed!.vectors(ITEMS), await own.embed!.vectors(ITEMS)];
    expect(
      furthest(
        vectors.flatMap((v) => [...v]),
        wanted.flatMap((v) => [...v]),
      ),
    ).toBeLessThan(1e-4);
    await Promise.all([model.close(), own.close()]);
  });
});

describe('a graph of others', () => {
  async function compared(
    family: string,
    kind: string,
    files: (exported: Awaited<ReturnType<typeof exportedOf>>) => Record<string, Uint8Array>,
  ): Promise<number> {
    const checkpoint = familyFolder(scratch, family);
    const folder = join(scratch, `${family}-${kind}`);
    writeForeign(checkpoint, folder, files(await exportedOf(checkpoint)));
    const wanted = await answers(openCheckpointModel(checkpoint, family));
    return furthest(await answers(openOnnxFolder(folder, family)), wanted);
  }

  it('may keep the last logits alone', async () => {
    const error = await compared('llama', 'keeps', ([whole]) => ({
      'model.onnx': encoded(keepsLogits(whole!)),
    }));
    expect(error).toBeLessThan(1e-4);
  });

  it('may count positions itself', async () => {
    const error = await compared('llama', 'counts', ([whole]) => ({
      'model.onnx': encoded(countsPositions(whole!)),
    }));
    expect(error).toBeLessThan(1e-4);
  });

  // Half precision has 11 bits, and the logits are below 16: each is off by less than 2^-8.
  it('may take and give half precision', async () => {
    const error = await compared('llama', 'half', ([whole]) => ({
      'model_fp16.onnx': encoded(whole!, inHalf),
    }));
    expect(error).toBeLessThan(0.05);
    expect(error).toBeGreaterThan(0);
  });

  it('may be two in one', async () => {
    const error = await compared('llama', 'merged', ([whole]) => ({
      'decoder_model_merged.onnx': merged(whole!),
    }));
    expect(error).toBeLessThan(1e-4);
  });

  it.each(known(['marian', 't5-gated']))(
    'of %s may give nothing of the source back',
    async (name) => {
      const error = await compared(name, 'merged', ([encoder, decoder]) => ({
        'encoder_model.onnx': encoded(encoder!),
        'decoder_model_merged.onnx': merged(decoder!),
      }));
      expect(error).toBeLessThan(1e-4);
    },
  );
});

describe('refused are', () => {
  const bare = (name: string, files: readonly string[]) => {
    const folder = join(scratch, name);
    mkdirSync(join(folder, 'onnx'), { recursive: true });
    for (const file of files) {
      if (file.startsWith('onnx/')) writeFileSync(join(folder, file), 'no model');
      else copyFileSync(join(familyFolder(scratch, 'bert'), file), join(folder, file));
    }
    return folder;
  };

  it('folders without files that can be run', async () => {
    const folder = bare('none', ['config.json', 'tokenizer.json', 'onnx/vision_encoder.onnx']);
    expect(await holdsOnnx(folder)).toBe(true);
    expect(await holdsOnnx(FAMILIES)).toBe(false);
    await expect(openOnnxFolder(folder, 'a')).rejects.toThrow(
      'a: has no ONNX file that can be run (its folder onnx has vision_encoder.onnx)',
    );
    await expect(openOnnxFolder(join(folder, 'x'), 'a')).rejects.toThrow('is no folder');
  });

  it('files that are not there, with those that are', async () => {
    const folder = bare('other', ['config.json', 'tokenizer.json', 'onnx/model.onnx']);
    await expect(openOnnxFolder(folder, 'a', { file: 'model_q4.onnx' })).rejects.toThrow(
      'a: has no file onnx/model_q4.onnx (it has model.onnx)',
    );
  });

  it('folders without config or tokenizer', async () => {
    const onlyGraph = bare('graph', ['onnx/model.onnx']);
    await expect(openOnnxFolder(onlyGraph, 'a')).rejects.toThrow('a: has no config.json');
    const noTokenizer = bare('mute', ['config.json', 'onnx/model.onnx']);
    await expect(openOnnxFolder(noTokenizer, 'a')).rejects.toThrow('a: has no tokenizer.json');
  });

  it('files that are no models', async () => {
    const folder = bare('broken', ['config.json', 'tokenizer.json', 'onnx/model.onnx']);
    await expect(openOnnxFolder(folder, 'a')).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining('onnx/model.onnx: cannot be opened'),
    });
  });

  it('models whose weights are missing', async () => {
    const out = join(scratch, 'missing');
    await convertToOnnx(familyFolder(scratch, 'bert'), out, { mostInside: 0 });
    rmSync(join(out, 'onnx/model.onnx_data'));
    await expect(openOnnxFolder(out, 'a')).rejects.toThrow(
      /cannot be opened \(its weights are in .*model\.onnx_data, which does not exist\)/,
    );
  });

  it('models of an unknown kind, and inputs that nobody knows', async () => {
    const checkpoint = familyFolder(scratch, 'bert');
    const [whole] = await exportedOf(checkpoint);
    const { graph } = whole!;
    const named = (from: string, to: string) =>
      JSON.parse(JSON.stringify(graph).replaceAll(`"${from}"`, `"${to}"`));
    const asked = encoded({ ...whole!, graph: named('token_type_ids', 'bbox') });
    const given = encoded({ ...whole!, graph: named('logits', 'start_logits') });
    const a = writeForeign(checkpoint, join(scratch, 'asked'), { 'model.onnx': asked });
    const b = writeForeign(checkpoint, join(scratch, 'given'), { 'model.onnx': given });
    await expect(openOnnxFolder(a, 'a')).rejects.toThrow('asks for the input "bbox"');
    await expect(openOnnxFolder(b, 'b')).rejects.toThrow(
      'is of no kind that can be run; its outputs are start_logits [batch_size, 3]',
    );
  });
});
