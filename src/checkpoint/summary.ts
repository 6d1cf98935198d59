/** What a checkpoint holds, as plain data: for `inspect`, for plans and for provenance. Pure. */

import { byteLengthOf, type Dtype } from '../tensor/dtype.ts';
import { elementCountOf, type Shape } from '../tensor/shape.ts';
import type { Checkpoint, Json, JsonObject, TensorEntry } from './checkpoint.ts';
import { findLayerStacks, type LayerStack } from './layers.ts';
import { isJsonObject } from './textFile.ts';

export interface CheckpointSummary {
  readonly reference: string;
  /** `architectures` and `model_type` of the config. */
  readonly architectures: readonly string[];
  readonly modelType: string | undefined;
  readonly parameters: number;
  readonly bytes: number;
  /** Largest first. */
  readonly dtypes: readonly DtypeSummary[];
  readonly layers: readonly LayerStack[];
  readonly tokenizer: TokenizerSummary;
  readonly files: readonly FileSummary[];
  readonly otherFiles: readonly string[];
  readonly tensors: readonly TensorSummary[];
}

export interface DtypeSummary {
  readonly dtype: Dtype;
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
}

export interface TokenizerSummary {
  /** The format of the tokenizer's files; undefined when there are none. */
  readonly kind: string | undefined;
  readonly files: readonly string[];
  /** `vocab_size` of the config: rows of the embedding, which padding can make too many. */
  readonly vocabularySize: number | undefined;
}

export interface FileSummary {
  readonly name: string;
  readonly bytes: number;
  readonly tensors: number;
}

export interface TensorSummary {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly file: string;
}

/** Formats of tokenizers by the files that make them, the one that loaders prefer first. */
const TOKENIZER_KINDS: readonly (readonly [kind: string, files: readonly string[]])[] = [
  ['Hugging Face tokenizer.json', ['tokenizer.json']],
  ['SentencePiece', ['tokenizer.model']],
  ['SentencePiece', ['spiece.model']],
  ['SentencePiece', ['sentencepiece.bpe.model']],
  ['SentencePiece, source and target', ['source.spm', 'target.spm']],
  ['tekken', ['tekken.json']],
  ['byte-pair encoding', ['vocab.json', 'merges.txt']],
  ['WordPiece', ['vocab.txt']],
];

export function summarizeCheckpoint(checkpoint: Checkpoint): CheckpointSummary {
  const { config, reference, otherFiles } = checkpoint;
  const entries = [...checkpoint.tensors.values()];
  const dtypes = summarizeDtypes(entries);
  const modelType = config?.model_type;
  return {
    reference,
    architectures: stringsOf(config?.architectures),
    modelType: typeof modelType === 'string' ? modelType : undefined,
    parameters: sum(dtypes.map(({ parameters }) => parameters)),
    bytes: sum(dtypes.map(({ bytes }) => bytes)),
    dtypes,
    layers: findLayerStacks(checkpoint.tensors.keys(), config),
    tokenizer: summarizeTokenizer(otherFiles, config),
    files: summarizeFiles(checkpoint, entries),
    otherFiles,
    tensors: entries.map(({ name, dtype, shape, file }) => ({
      name,
      dtype,
      shape,
      file: checkpoint.files[file]!.name,
    })),
  };
}

/** Bytes that the elements of a tensor take when they lie without gaps. */
export function tensorByteLength({ name, dtype, shape }: TensorEntry): number {
  // Readers have checked both, so the number is always there.
  return byteLengthOf(dtype, elementCountOf(shape, name)) ?? 0;
}

function summarizeDtypes(entries: readonly TensorEntry[]): DtypeSummary[] {
  const summaries = new Map<Dtype, DtypeSummary>();
  for (const entry of entries) {
    const { dtype } = entry;
    const known = summaries.get(dtype) ?? { dtype, tensors: 0, parameters: 0, bytes: 0 };
    summaries.set(dtype, {
      dtype,
      tensors: known.tensors + 1,
      parameters: known.parameters + elementCountOf(entry.shape, entry.name),
      bytes: known.bytes + tensorByteLength(entry),
    });
  }
  return [...summaries.values()].sort((a, b) => b.bytes - a.bytes);
}

function summarizeFiles(checkpoint: Checkpoint, entries: readonly TensorEntry[]): FileSummary[] {
  const counts = new Array<number>(checkpoint.files.length).fill(0);
  for (const { file } of entries) counts[file]! += 1;
  return checkpoint.files.map(({ name, byteLength }, index) => ({
    name,
    bytes: byteLength,
    tensors: counts[index]!,
  }));
}

function summarizeTokenizer(
  otherFiles: readonly string[],
  config: JsonObject | undefined,
): TokenizerSummary {
  const [kind, files] =
    TOKENIZER_KINDS.find(([, wanted]) => wanted.every((name) => otherFiles.includes(name))) ?? [];
  return { kind, files: files ?? [], vocabularySize: vocabularySizeOf(config) };
}

/** `vocab_size`, of the model or of its text part. */
function vocabularySizeOf(config: JsonObject | undefined): number | undefined {
  const text = config?.text_config;
  const size = config?.vocab_size ?? (isJsonObject(text) ? text.vocab_size : undefined);
  return typeof size === 'number' ? size : undefined;
}

function stringsOf(value: Json | undefined): string[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item: Json): item is string => typeof item === 'string');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
