/**
 * The output's vocabulary: that of one model (its ids stay), then tokens that are new to it.
 *
 * `union` starts from the base (else the first model) and appends each model's new tokens in recipe
 * order, by id within a model; then, for every kind of source, the tokens that only the recipe's
 * `tokens` names.
 */

import { badInput } from '../../errors.ts';
import type { TokenizerSetting } from './setting.ts';
import type { TokenTable, Vocabulary } from './vocabulary.ts';

/** A model whose rows or tokens take part. */
export interface TokenizerModel {
  readonly reference: string;
  readonly vocabulary: Vocabulary;
  /** Rows of its embedding; may be more (padding) or fewer than its vocabulary's size. */
  readonly rows: number;
  /**
   * False for a model that only lends its vocabulary or rows (named in `tokenizer` alone): it adds
   * nothing to a union or a mean.
   */
  readonly merged: boolean;
}

/** A token that the source of the output's vocabulary lacks. */
export interface Addition {
  readonly token: string;
  readonly id: number;
  /** The model that brings it, or undefined when only the recipe names it. */
  readonly model: number | undefined;
}

export interface OutputVocabulary extends TokenTable {
  /** The model whose ids and tokenizer files the output keeps. */
  readonly source: number;
  readonly additions: readonly Addition[];
}

export function planOutputVocabulary(
  setting: TokenizerSetting,
  owner: number,
  models: readonly TokenizerModel[],
): OutputVocabulary {
  const source = sourceOf(setting.source, owner, models);
  const { vocabulary } = models[source]!;
  const tokens = new Map(vocabulary.tokens);
  const byId = [...vocabulary.byId];
  const additions: Addition[] = [];
  const add = (token: string, model: number | undefined) => {
    if (tokens.has(token)) return;
    additions.push({ token, id: byId.length, model });
    tokens.set(token, byId.length);
    byId.push(token);
  };
  if (setting.source === 'union') {
    models.forEach((model, index) => {
      if (model.merged)
        for (const token of model.vocabulary.byId) if (token !== undefined) add(token, index);
    });
  }
  for (const token of Object.keys(setting.tokens)) {
    const having = models.findIndex((model) => model.vocabulary.tokens.has(token));
    add(token, having < 0 ? undefined : having);
  }
  return { tokens, byId, size: byId.length, source, additions };
}

function sourceOf(name: string, owner: number, models: readonly TokenizerModel[]): number {
  if (name === 'union' || name === 'base') return owner;
  return indexOfModel(name, models, 'tokenizer source');
}

export function indexOfModel(
  name: string,
  models: readonly TokenizerModel[],
  subject: string,
): number {
  const index = models.findIndex((model) => model.reference === name);
  if (index >= 0) return index;
  const known = models.map((model) => model.reference).join(', ');
  throw badInput(`${subject}: "${name}" is not a model of this merge; known: ${known}`);
}
