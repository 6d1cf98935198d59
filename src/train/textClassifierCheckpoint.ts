/**
 * A text classifier on disk, as a checkpoint like any other: `model.safetensors` with
 * `classifier.weight` [classes, buckets] and `classifier.bias` [classes] in F32, and a `config.json`
 * with the labels and the feature settings. Holds no code.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Checkpoint, JsonObject } from '../checkpoint/checkpoint.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { serializeSafetensorsHeader } from '../checkpoint/safetensors/serialize.ts';
import { badInput } from '../errors.ts';
import { withFileSource } from '../io/fileSource.ts';
import { formatShape, type Shape, sameShape } from '../tensor/shape.ts';
import { assertNgramFeatureSettings } from './ngramFeatures.ts';
import type { TextClassifier } from './textClassifier.ts';

export const NGRAM_CLASSIFIER = 'lmfuse_ngram_classifier';

const WEIGHT = 'classifier.weight';
const BIAS = 'classifier.bias';
const F32_BYTES = 4;

/** Unknown keys are ignored: a merge may add some, such as the dtype. */
const configSchema = z.object({
  model_type: z.literal(NGRAM_CLASSIFIER),
  id2label: z.record(z.string(), z.string()),
  ngram_features: z.object({
    max_word_ngram: z.number(),
    char_ngrams: z.tuple([z.number(), z.number()]),
    buckets: z.number(),
  }),
});

/** Writes into `folder`, which is created if need be. */
export async function writeTextClassifier(folder: string, model: TextClassifier): Promise<void> {
  const config = `${JSON.stringify(serializeConfig(model), null, 2)}\n`;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), config);
  await writeFile(join(folder, 'model.safetensors'), serializeWeights(model));
}

export async function readTextClassifier(folder: string): Promise<TextClassifier> {
  const checkpoint = await openCheckpoint(folder, folder);
  const described = parseConfig(checkpoint.config ?? {}, folder);
  const classes = described.labels.length;
  return {
    ...described,
    weight: await readF32(checkpoint, WEIGHT, [classes, described.features.buckets]),
    bias: await readF32(checkpoint, BIAS, [classes]),
  };
}

function serializeConfig({ labels, features }: TextClassifier): JsonObject {
  return {
    model_type: NGRAM_CLASSIFIER,
    id2label: Object.fromEntries(labels.map((label, id) => [String(id), label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
    ngram_features: {
      max_word_ngram: features.maxWordNgram,
      char_ngrams: features.charNgrams,
      buckets: features.buckets,
    },
  };
}

function parseConfig(
  json: JsonObject,
  folder: string,
): Pick<TextClassifier, 'labels' | 'features'> {
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badInput(`${folder}: config.json: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { id2label, ngram_features } = parsed.data;
  const features = {
    maxWordNgram: ngram_features.max_word_ngram,
    charNgrams: ngram_features.char_ngrams,
    buckets: ngram_features.buckets,
  };
  assertNgramFeatureSettings(features);
  return { labels: parseLabels(id2label, folder), features };
}

function parseLabels(id2label: Readonly<Record<string, string>>, folder: string): string[] {
  return Object.keys(id2label).map((_, id) => {
    const label = id2label[String(id)];
    if (label !== undefined) return label;
    throw badInput(`${folder}: config.json: id2label has no label for ${id}`);
  });
}

function serializeWeights({ labels, features, weight, bias }: TextClassifier): Uint8Array {
  const tensors = [
    { name: WEIGHT, dtype: 'F32', shape: [labels.length, features.buckets], values: weight },
    { name: BIAS, dtype: 'F32', shape: [labels.length], values: bias },
  ] as const;
  const header = serializeSafetensorsHeader(tensors, { format: 'pt' });
  const bytes = new Uint8Array(header.byteLength);
  bytes.set(header.bytes);
  const view = new DataView(bytes.buffer);
  for (const [t, { values }] of tensors.entries()) {
    const start = header.offsets[t]!;
    for (let i = 0; i < values.length; i++) {
      view.setFloat32(start + i * F32_BYTES, values[i]!, true);
    }
  }
  return bytes;
}

async function readF32(checkpoint: Checkpoint, name: string, shape: Shape): Promise<Float32Array> {
  const tensor = checkpoint.tensors.get(name);
  if (!tensor) throw badInput(`${checkpoint.reference}: tensor "${name}" is missing`);
  if (tensor.dtype !== 'F32' || !sameShape(tensor.shape, shape)) {
    throw badInput(
      `tensor "${name}": ${tensor.dtype} ${formatShape(tensor.shape)} in ${checkpoint.reference}, its config wants F32 ${formatShape(shape)}`,
    );
  }
  const elements = shape.reduce((product, size) => product * size, 1);
  const { path } = checkpoint.files[tensor.file]!;
  const start = tensor.byteOffset;
  return withFileSource(path, async (source) => {
    const bytes = await source.slice(start, start + elements * F32_BYTES);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Float32Array.from({ length: elements }, (_, i) => view.getFloat32(i * F32_BYTES, true));
  });
}
