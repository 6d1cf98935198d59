/**
 * `tokenizer_source` and `tokenizer` of a recipe to one setting.
 *
 * What the setting does to vocabularies and embeddings is not known here.
 */

import type { ValuePath } from '../../recipe/document.ts';
import { problemAt, type RecipeDocument } from '../../recipe/problem.ts';
import { modelName } from './modelName.ts';
import type { TokenizerSetting, TokenSetting, TokenSource } from './recipe.ts';
import { toFlag } from './scalar.ts';
import type { RawModel, RawRecipe, RawToken } from './schema.ts';

export function parseTokenizer(
  document: RecipeDocument,
  raw: RawRecipe,
): TokenizerSetting | undefined {
  const { tokenizer, tokenizer_source: source } = raw;
  if (tokenizer && source) {
    const message = 'tokenizer and tokenizer_source are both given; keep one';
    throw problemAt(document, ['tokenizer_source'], message);
  }
  if (source) return { source: sourceName(source), tokens: {}, explicit: false };
  if (!tokenizer) return undefined;
  const tokens = Object.entries(tokenizer.tokens ?? {}).map(([name, token]) => {
    const path = ['tokenizer', 'tokens', name];
    return [name, parseToken(document, path, token ?? {})] as const;
  });
  return {
    source: tokenizer.source ? sourceName(tokenizer.source) : 'union',
    tokens: Object.fromEntries(tokens),
    ...(tokenizer.pad_to_multiple_of ? { padToMultipleOf: tokenizer.pad_to_multiple_of } : {}),
    explicit: true,
  };
}

/** `model:path` is mergekit's first spelling of a model's tokenizer. */
function sourceName(source: RawModel): string {
  return modelName(source).replace(/^model:(?=.)/, '');
}

function parseToken(document: RecipeDocument, path: ValuePath, raw: RawToken): TokenSetting {
  const force = toFlag(raw.force);
  if (!raw.source) return { force };
  return { source: parseSource(document, [...path, 'source'], raw.source), force };
}

function parseSource(
  document: RecipeDocument,
  path: ValuePath,
  raw: NonNullable<RawToken['source']>,
): TokenSource {
  if (typeof raw === 'string' || !('kind' in raw)) return { kind: 'model', model: modelName(raw) };
  if (raw.kind === 'zero') return { kind: 'zero' };
  const { token, token_id: tokenId } = raw;
  const model = modelName(raw.model);
  if (typeof token === 'string' && typeof tokenId !== 'number') {
    return { kind: 'model_token', model, token };
  }
  if (typeof tokenId === 'number' && typeof token !== 'string') {
    return { kind: 'model_token', model, tokenId };
  }
  const found = typeof token === 'string' ? 'both are given' : 'neither is given';
  throw problemAt(document, path, `exactly one of token and token_id is needed; ${found}`);
}
