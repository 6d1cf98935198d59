/**
 * Layer stacks, from tensor names and config alone: no table of architectures.
 *
 * The first integer of a name counts layers (`model.layers.7.mlp.experts.3.w1`: layer 7; the
 * expert comes later and is none). Names that share what stands before it and count 0, 1, ... up
 * to n-1 form a stack. A stack whose count is that of a config key (`num_hidden_layers`, ...) is
 * what the config means; one without a key may be a small head, or layers that the config hides.
 */

import type { Json, JsonObject } from './checkpoint.ts';
import { isJsonObject } from './textFile.ts';

export interface LayerStack {
  /** What stands before the layer's number, the dot included: `model.layers.`. */
  readonly prefix: string;
  readonly count: number;
  /** Config key that gives this count, with dots when nested: `text_config.num_hidden_layers`. */
  readonly configKey?: string;
}

/** A config key that counts layers. */
interface LayerKey {
  readonly path: string;
  readonly count: number;
  /** Part of the model that the key speaks of; undefined: the whole, or the text. */
  readonly part: Part | undefined;
}

/** Keys that count layers, the surest first. */
const LAYER_KEYS = [
  'num_hidden_layers',
  'n_layer',
  'num_layers',
  'n_layers',
  'encoder_layers',
  'decoder_layers',
  'num_encoder_layers',
  'num_decoder_layers',
  'depth',
] as const;

type Part = 'vision' | 'audio' | 'decoder' | 'encoder';

/** Words, in a config path or a tensor's prefix, that tell the part; the first match counts. */
const PART_WORDS: readonly (readonly [Part, RegExp])[] = [
  ['vision', /vision|visual|image|vit\b/],
  ['audio', /audio|speech/],
  ['decoder', /decoder/],
  ['encoder', /encoder/],
];

/** Configs nest two deep at most (`thinker_config.text_config`). */
const MAX_CONFIG_DEPTH = 3;

/** In the order in which the stacks first appear among `names`. */
export function findLayerStacks(
  names: Iterable<string>,
  config: JsonObject | undefined,
): LayerStack[] {
  const keys = config ? layerKeys(config) : [];
  const stacks: LayerStack[] = [];
  for (const [prefix, numbers] of numbersByPrefix(names)) {
    const count = numbers.size;
    // The numbers are distinct, so none is left out if none is too large.
    if ([...numbers].some((number) => number >= count)) continue;
    const configKey = keyOf(prefix, count, keys);
    stacks.push(configKey === undefined ? { prefix, count } : { prefix, count, configKey });
  }
  return stacks;
}

/** Splits a tensor's name at its layer number; undefined when it has none. */
export function splitLayerName(
  name: string,
): { prefix: string; layer: number; suffix: string } | undefined {
  const match = /^(.*?\.)(0|[1-9]\d{0,5})(?=\.|$)/s.exec(name);
  const [whole, prefix, digits] = match ?? [];
  if (whole === undefined || prefix === undefined) return undefined;
  return { prefix, layer: Number(digits), suffix: name.slice(whole.length) };
}

function numbersByPrefix(names: Iterable<string>): Map<string, Set<number>> {
  const numbers = new Map<string, Set<number>>();
  for (const name of names) {
    const split = splitLayerName(name);
    if (!split) continue;
    const known = numbers.get(split.prefix);
    if (known) known.add(split.layer);
    else numbers.set(split.prefix, new Set([split.layer]));
  }
  return numbers;
}

function layerKeys(config: JsonObject, path = '', depth = 0): LayerKey[] {
  const keys: LayerKey[] = [];
  for (const key of LAYER_KEYS) {
    const count = config[key];
    if (typeof count !== 'number') continue;
    keys.push({ path: path + key, count, part: partOf(path + key) });
  }
  if (depth === MAX_CONFIG_DEPTH) return keys;
  for (const [key, value] of Object.entries<Json>(config)) {
    if (isJsonObject(value)) keys.push(...layerKeys(value, `${path}${key}.`, depth + 1));
  }
  return keys;
}

/**
 * A key that speaks of the stack's own part is best. One that speaks of no part will do for text,
 * whose models call their only stack an encoder (BERT) or a decoder (OPT) as they like.
 */
function keyOf(prefix: string, count: number, keys: readonly LayerKey[]): string | undefined {
  const part = partOf(prefix);
  const fitting = keys.filter((key) => key.count === count);
  const exact = fitting.find((key) => key.part === part);
  if (exact || part === 'vision' || part === 'audio') return exact?.path;
  return fitting.find((key) => key.part === undefined)?.path;
}

function partOf(text: string): Part | undefined {
  return PART_WORDS.find(([, words]) => words.test(text))?.[0];
}
