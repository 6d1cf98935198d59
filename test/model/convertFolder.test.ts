/** What a conversion writes and refuses, and that it leaves nothing half done. */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AutoModelForSequenceClassification } from '@huggingface/transformers';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type ConvertProgress, convertToOnnx } from '../../src/model/convert/convertToOnnx.ts';
import { openOnnxFolder } from '../../src/model/onnxFolder.ts';
import { scratchFolder } from '../merge/scratch.ts';
import { familyFolder, tensorOf, textOf } from './exported.ts';
import { readReference, worstError } from './family.ts';

const { path: scratch, remove } = scratchFolder();
afterAll(remove);

const out = join(scratch, 'out');
beforeEach(() => rmSync(out, { recursive: true, force: true }));

const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
const read = (...parts: string[]) => readFileSync(join(...parts), 'utf8');
const nothingLeft = () => expect(existsSync(`${out}.lmfuse-partial`)).toBe(false);

describe('the folder', () => {
  it('holds the graphs, and the files of the checkpoint but its weights', async () => {
    const checkpoint = familyFolder(scratch, 'bert');
    mkdirSync(join(checkpoint, '1_Pooling'), { recursive: true });
    writeFileSync(join(checkpoint, '1_Pooling/config.json'), '{"a": 1}');
    writeFileSync(join(checkpoint, '.gitattributes'), '*.safetensors filter=lfs');
    const report = await convertToOnnx(checkpoint, out, { quantize: 'int8' });
    expect(filesOf(out)).toEqual([
      '1_Pooling',
      '1_Pooling/config.json',
      'config.json',
      'lmfuse.json',
      'onnx',
      'onnx/model.onnx',
      'onnx/model_quantized.onnx',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(read(out, '1_Pooling/config.json')).toBe('{"a": 1}');
    expect(JSON.parse(read(out, 'config.json'))).toEqual(
      JSON.parse(read(checkpoint, 'config.json')),
    );
    expect(JSON.parse(read(out, 'lmfuse.json'))).toMatchObject({
      format: 'onnx',
      quantize: 'int8',
    });
    expect(report).toMatchObject({ out, warnings: [] });
    nothingLeft();
  });

  it('is the same, byte by byte, from the same checkpoint', async () => {
    const again = join(scratch, 'again');
    const checkpoint = familyFolder(scratch, 'llama');
    await convertToOnnx(checkpoint, out, { quantize: 'int8' });
    await convertToOnnx(checkpoint, again, { quantize: 'int8' });
    const files = filesOf(out).filter((name) => statSync(join(out, name)).isFile());
    for (const name of files) {
      expect(readFileSync(join(again, name)).equals(readFileSync(join(out, name))), name).toBe(
        true,
      );
    }
  });

  it('of a checkpoint without a tokenizer is made, with a warning', async () => {
    const checkpoint = familyFolder(scratch, 'qwen2');
    rmSync(join(checkpoint, 'tokenizer.json'));
    const { warnings } = await convertToOnnx(checkpoint, out);
    expect(warnings).toEqual([expect.stringContaining('has no tokenizer.json')]);
  });

  it('tells how far it is', async () => {
    const seen: ConvertProgress[] = [];
    const report = await convertToOnnx(familyFolder(scratch, 'bert'), out, {
      quantize: 'int8',
      onProgress: (progress) => seen.push(progress),
    });
    const total = report.files.reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(seen.at(-1)).toEqual({ doneBytes: total, totalBytes: total });
    expect(seen.map(({ doneBytes }) => doneBytes)).toEqual(
      seen.map(({ doneBytes }) => doneBytes).sort((a, b) => a - b),
    );
  });
});

describe('weights beside the graph', () => {
  it('are found by transformers.js and by us', async () => {
    const checkpoint = familyFolder(scratch, 'bert');
    const config = JSON.parse(read(checkpoint, 'config.json'));
    const stale = { ...config, 'transformers.js_config': { dtype: 'q4', device: 'webgpu' } };
    writeFileSync(join(checkpoint, 'config.json'), JSON.stringify(stale));
    await convertToOnnx(checkpoint, out, { quantize: 'int8', mostInside: 50_000 });
    expect(JSON.parse(read(out, 'config.json'))).toEqual({
      ...config,
      'transformers.js_config': { use_external_data_format: { 'model.onnx': 1 } },
    });
    expect(readdirSync(join(out, 'onnx')).sort()).toEqual([
      'model.onnx',
      'model.onnx_data',
      'model_quantized.onnx',
    ]);
    const [short] = readReference('bert').cases;
    const ids = short!.input_ids;
    const model = await AutoModelForSequenceClassification.from_pretrained(out, { dtype: 'fp32' });
    const { logits } = await model({
      input_ids: tensorOf(ids),
      attention_mask: tensorOf(short!.attention_mask),
      token_type_ids: tensorOf(ids.map((row) => row.map(() => 0))),
    });
    expect(worstError(logits.data, short!.logits, 3)).toBeLessThan(1);
    await model.dispose();
    const own = await openOnnxFolder(out, 'beside');
    const [row] = await own.classify!.logProbabilities([{ id: '0', text: textOf(ids[0]!) }]);
    const sum = Math.log(
      (short!.logits[0] as number[]).reduce((total, x) => total + Math.exp(x), 0),
    );
    expect(
      worstError(
        row!,
        (short!.logits[0] as number[]).map((x) => x - sum),
        1,
      ),
    ).toBeLessThan(1);
    await own.close();
  });
});

describe('an existing folder', () => {
  it('is replaced only if asked for', async () => {
    const checkpoint = familyFolder(scratch, 'bert');
    await convertToOnnx(checkpoint, out);
    await expect(convertToOnnx(checkpoint, out)).rejects.toThrow('already exists');
    await convertToOnnx(checkpoint, out, { overwrite: true, quantize: 'int8' });
    expect(readdirSync(join(out, 'onnx'))).toContain('model_quantized.onnx');
    nothingLeft();
  });

  it('is not replaced if it is of others, or the checkpoint itself', async () => {
    const checkpoint = familyFolder(scratch, 'bert');
    mkdirSync(out);
    writeFileSync(join(out, 'thesis.txt'), 'years of work');
    const overwrite = { overwrite: true };
    await expect(convertToOnnx(checkpoint, out, overwrite)).rejects.toThrow(
      'was not made by lmfuse',
    );
    await expect(convertToOnnx(checkpoint, checkpoint, overwrite)).rejects.toThrow(
      'one of the inputs',
    );
    await expect(convertToOnnx(checkpoint, join(checkpoint, 'x'))).rejects.toThrow(
      'inside the input',
    );
    expect(read(out, 'thesis.txt')).toBe('years of work');
  });

  it('stays as it is when its successor fails', async () => {
    const checkpoint = familyFolder(scratch, 'bert');
    await convertToOnnx(checkpoint, out);
    const before = filesOf(out);
    const stop = new AbortController();
    const stopped = convertToOnnx(checkpoint, out, {
      quantize: 'int8',
      overwrite: true,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect(filesOf(out)).toEqual(before);
    nothingLeft();
  });
});

describe('refused before anything is written are', () => {
  const broken = (change: (config: Record<string, unknown>) => object) => {
    const checkpoint = familyFolder(scratch, 'bert');
    const config = JSON.parse(read(checkpoint, 'config.json'));
    writeFileSync(join(checkpoint, 'config.json'), JSON.stringify(change(config)));
    return checkpoint;
  };

  it.each([
    [
      'architectures that are not known',
      (c: object) => ({ ...c, architectures: ['XForY'] }),
      'XForY',
    ],
    ['tensors that are missing', (c: object) => ({ ...c, num_hidden_layers: 3 }), 'layer.2'],
    ['activations that are not known', (c: object) => ({ ...c, hidden_act: 'sine' }), '"sine"'],
  ])('%s', async (_, change, message) => {
    await expect(convertToOnnx(broken(change), out)).rejects.toThrow(message);
    expect(existsSync(out)).toBe(false);
    nothingLeft();
  });

  it('files of weights without a config', async () => {
    const file = join(familyFolder(scratch, 'bert'), 'model.safetensors');
    await expect(convertToOnnx(file, out)).rejects.toThrow('has no config.json');
  });
});
