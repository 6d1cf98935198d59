/**
 * config.json and generation_config.json of the owner, fitted to the output vocabulary:
 * `vocab_size` is the number of rows, and special ids follow their token.
 */

import type { Json, JsonObject } from '../../checkpoint/checkpoint.ts';
import { isArray, isObject } from './json.ts';
import type { TokenizerPlan } from './planTokenizer.ts';
import { sameVocabulary, type Vocabulary } from './vocabulary.ts';

export interface PatchedConfig {
  readonly config: JsonObject;
  readonly notes: readonly string[];
}

const ID_KEY = /(^|_)token_(id|ids|index)$|^(begin_)?suppress_tokens$/;
const SIZE_KEY = /^(\w+_)?vocab_size$/;

type PatchPlan = Pick<TokenizerPlan, 'rowCount' | 'output' | 'owner' | 'models'>;

export function patchConfigForVocabulary(config: JsonObject, plan: PatchPlan): PatchedConfig {
  const patched = patchIds(config, plan);
  return { ...patched, config: patchSizes(patched.config, plan) };
}

/** generation_config.json: ids only. */
export function patchGenerationConfigForVocabulary(
  config: JsonObject,
  plan: PatchPlan,
): PatchedConfig {
  return patchIds(config, plan);
}

/**
 * Sizes at the top and in `text_config` are the language model's; elsewhere (an audio codec, a
 * vision tokenizer) only one that equals the owner's rows or vocabulary is.
 */
function patchSizes(config: JsonObject, { rowCount, models, owner }: PatchPlan): JsonObject {
  const { rows } = models[owner]!;
  const known = new Set([rows, config.vocab_size].filter((size) => typeof size === 'number'));
  const patch = (object: JsonObject, own: boolean): JsonObject =>
    mapValues(object, (key, value) => {
      if (isObject(value)) return patch(value, key === 'text_config');
      const isSize = typeof value === 'number' && SIZE_KEY.test(key);
      return isSize && (known.has(value) || (own && key === 'vocab_size')) ? rowCount : value;
    });
  const patched = patch(config, true);
  const hasSize =
    'vocab_size' in config || (isObject(config.text_config) && 'vocab_size' in config.text_config);
  return hasSize ? patched : { ...patched, vocab_size: rowCount };
}

function patchIds(config: JsonObject, plan: PatchPlan): PatchedConfig {
  const owner = plan.models[plan.owner]!.vocabulary;
  if (plan.output.source === plan.owner) return { config, notes: [] };
  const source = plan.models[plan.output.source]!.vocabulary;
  if (sameVocabulary(owner, source)) return { config, notes: [] };
  const notes: string[] = [];
  const moved = (key: string, id: number): number | null => {
    const token = owner.byId[id];
    const found = token === undefined ? undefined : plan.output.tokens.get(token);
    const named = found ?? idOfRole(key, source);
    if (named === undefined) {
      const name = token === undefined ? `id ${id}` : JSON.stringify(token);
      notes.push(`${key}: the output vocabulary lacks ${name}; it is left unset`);
    }
    return named ?? null;
  };
  return { config: patchObjectIds(config, moved), notes };
}

function patchObjectIds(
  object: JsonObject,
  moved: (key: string, id: number) => number | null,
): JsonObject {
  const isId = (value: Json): value is number => Number.isInteger(value) && (value as number) >= 0;
  return mapValues(object, (key, value) => {
    if (isObject(value)) return patchObjectIds(value, moved);
    if (!ID_KEY.test(key)) return value;
    if (isId(value)) return moved(key, value);
    if (!isArray(value)) return value;
    return value
      .map((item) => (isId(item) ? moved(key, item) : item))
      .filter((item) => item !== null);
  });
}

/** The id of the token that the source's tokenizer gives the role, as `eos_token` for `eos_token_id`. */
function idOfRole(key: string, source: Vocabulary): number | undefined {
  const role = source.tokenizerConfig?.[key.replace(/_ids?$/, '')];
  const token = isObject(role) ? role.content : role;
  return typeof token === 'string' ? source.tokens.get(token) : undefined;
}

function mapValues(object: JsonObject, map: (key: string, value: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(key, value)]));
}
