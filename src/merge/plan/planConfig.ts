/**
 * The output's config.json: the reference model's, with what the merge changed. Restacked layers
 * change their number, the lists that have an entry per layer, and the lists of layer numbers; rules
 * that speak of layers by arithmetic are refused, because there is no telling what they would mean.
 */

import type { Json, JsonObject } from '../../checkpoint/checkpoint.ts';
import { isJsonObject } from '../../checkpoint/textFile.ts';
import { badInput } from '../../errors.ts';
import { configName, type MergeableDtype } from '../../tensor/dtype.ts';
import type { OutputLayout } from './outputTensors.ts';

export function withDtype(config: JsonObject, dtype: MergeableDtype): JsonObject {
  const name = configName(dtype);
  const keys = ['dtype', 'torch_dtype'].filter((key) => typeof config[key] === 'string');
  const changed = keys.length > 0 ? keys : ['torch_dtype'];
  const patched = { ...config, ...Object.fromEntries(changed.map((key) => [key, name])) };
  return mapNested(patched, (nested) =>
    Object.fromEntries(
      Object.entries(nested).map(([key, value]) =>
        (key === 'dtype' || key === 'torch_dtype') && typeof value === 'string'
          ? [key, name]
          : [key, value],
      ),
    ),
  );
}

function mapNested(config: JsonObject, map: (nested: JsonObject) => JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      /_config$/.test(key) && isJsonObject(value) && key !== 'quantization_config'
        ? map(value)
        : value,
    ]),
  );
}

export function withUntiedHead(config: JsonObject): JsonObject {
  const patched: JsonObject = { ...config, tie_word_embeddings: false };
  return mapNested(patched, (nested) =>
    'tie_word_embeddings' in nested ? { ...nested, tie_word_embeddings: false } : nested,
  );
}

type Restacked = NonNullable<OutputLayout['restacked']>;

/** Lists of layer numbers. */
const INDEX_LISTS = ['mlp_only_layers', 'cross_attention_layers', 'no_rope_layer_indices'];

/** Rules over layer numbers, and the value with which each says nothing. */
const ARITHMETIC_RULES: Readonly<Record<string, readonly Json[]>> = {
  first_k_dense_replace: [0, null],
  decoder_sparse_step: [0, 1, null],
  moe_layer_freq: [1, null],
  num_nextn_predict_layers: [0, null],
  attn_layer_period: [1, null],
  expert_layer_period: [1, null],
  interleave_moe_layer_step: [1, null],
  moe_layer_interval: [1, null],
  moe_layer_start_index: [0, null],
  moe_layers_enum: ['', null],
  global_attn_every_n_layers: [1, null],
  num_kv_shared_layers: [0, null],
  scale_attn_by_inverse_layer_idx: [false, null],
  hybrid_override_pattern: [null],
};

/** Rules that a list with an entry per layer, where there is one, takes precedence over. */
const LISTED_RULES: Readonly<Record<string, string>> = {
  sliding_window_pattern: 'layer_types',
  full_attention_interval: 'layer_types',
  no_rope_layer_interval: 'no_rope_layers',
};

export function withRestackedLayers(config: JsonObject, { stack, origins }: Restacked): JsonObject {
  const path = stack.configKey?.split('.');
  if (!path) {
    throw badInput(
      `the config does not say how many layers "${stack.prefix}*" has, so slices cannot change it`,
    );
  }
  const key = path.at(-1)!;
  return patchAt(config, path.slice(0, -1), (part) => restackPart(part, key, path, origins));
}

function patchAt(
  config: JsonObject,
  path: readonly string[],
  patch: (part: JsonObject) => JsonObject,
): JsonObject {
  const [first, ...rest] = path;
  if (first === undefined) return patch(config);
  const inner = config[first];
  return isJsonObject(inner) ? { ...config, [first]: patchAt(inner, rest, patch) } : config;
}

function restackPart(
  part: JsonObject,
  countKey: string,
  path: readonly string[],
  origins: Restacked['origins'],
): JsonObject {
  const count = Number(part[countKey]);
  const unchanged =
    origins.length === count && origins.every(({ layer }, position) => layer === position);
  if (unchanged) return part;
  refuseRules(part);
  const entries = Object.entries(part).map(([key, value]): [string, Json] => {
    if (key === countKey) return [key, origins.length];
    if (!Array.isArray(value)) return [key, value];
    if (INDEX_LISTS.includes(key)) return [key, movedIndices(key, value, path, origins)];
    if (value.length !== count || count < 2 || !/layer|block|mlp/.test(key)) return [key, value];
    return [key, origins.map(({ model, layer }) => listOf(model, path, key, value)[layer] ?? null)];
  });
  return Object.fromEntries(entries);
}

type Origin = Restacked['origins'][number];

/** The same list in the config of the model that a layer comes from. */
function listOf(
  model: Origin['model'],
  path: readonly string[],
  key: string,
  fallback: readonly Json[],
): readonly Json[] {
  let part: Json | undefined = model.checkpoint.config;
  for (const step of path.slice(0, -1)) part = isJsonObject(part) ? part[step] : undefined;
  const list = isJsonObject(part) ? part[key] : undefined;
  return Array.isArray(list) ? list : fallback;
}

function movedIndices(
  key: string,
  value: readonly Json[],
  path: readonly string[],
  origins: Restacked['origins'],
): number[] {
  return origins.flatMap(({ model, layer }, position) =>
    listOf(model, path, key, value).includes(layer) ? [position] : [],
  );
}

function refuseRules(part: JsonObject): void {
  for (const [key, harmless] of Object.entries(ARITHMETIC_RULES)) {
    if (key in part && !harmless.includes(part[key]!)) throw ruleOfNumbers(part, key);
  }
  for (const [key, list] of Object.entries(LISTED_RULES)) {
    if (typeof part[key] === 'number' && !Array.isArray(part[list])) throw ruleOfNumbers(part, key);
  }
  const windowed = part.use_sliding_window === true && !Array.isArray(part.layer_types);
  if (windowed && typeof part.max_window_layers === 'number') {
    throw ruleOfNumbers(part, 'max_window_layers');
  }
}

function ruleOfNumbers(part: JsonObject, key: string) {
  return badInput(
    `config: ${key} is ${JSON.stringify(part[key])}, a rule over layer numbers that slices would ` +
      'change the meaning of',
  );
}
