/**
 * Plans the output's tokenizer: its vocabulary, its files, and where every embedding row comes
 * from. Reads nothing.
 *
 * The output has as many rows as the model whose vocabulary it keeps, or more for new tokens and
 * `pad_to_multiple_of`, never fewer. Whatever of any model finds no place is named in `notes`.
 */

import { badInput } from '../../errors.ts';
import { planTokenizerFiles } from './outputFiles.ts';
import {
  type OutputVocabulary,
  planOutputVocabulary,
  type TokenizerModel,
} from './outputVocabulary.ts';
import { planNotes } from './planNotes.ts';
import { planRowMaps, type RowMap } from './rowMap.ts';
import type { TokenizerSetting } from './setting.ts';
import type { TokenizerFiles } from './tokenizerFiles.ts';

export interface TokenizerPlanInput {
  readonly setting: TokenizerSetting;
  /** Index of the base model, when the recipe names one. */
  readonly base: number | undefined;
  /** In recipe order, the base included. */
  readonly models: readonly TokenizerModel[];
}

export interface TokenizerPlan extends TokenizerFiles {
  /** Rows of the output's embedding, padding included; `vocab_size` of its config. */
  readonly rowCount: number;
  /** Largest id + 1. */
  readonly vocabularySize: number;
  /** One per model, in the order given. */
  readonly rowMaps: readonly RowMap[];
  readonly output: OutputVocabulary;
  /** The model whose config and other files the output keeps: the base, else the first. */
  readonly owner: number;
  readonly models: readonly TokenizerModel[];
  /** Lines for the printed plan. */
  readonly notes: readonly string[];
}

export function planTokenizer({ setting, base, models }: TokenizerPlanInput): TokenizerPlan {
  const owner = base ?? models.findIndex((model) => model.merged);
  if (!models[owner]) throw badInput('tokenizer: no model to take a vocabulary from');
  const output = planOutputVocabulary(setting, owner, models);
  const keptRows = Math.max(output.size, models[output.source]!.rows);
  const rowCount = roundUp(keptRows, setting.padToMultipleOf);
  const rowPlan = { output, models, base, keptRows, rowCount, tokens: setting.tokens };
  const rowMaps = planRowMaps(rowPlan);
  const { notes, ...files } = planTokenizerFiles(output, owner, models, setting.tokens);
  return {
    ...files,
    rowCount,
    vocabularySize: output.size,
    rowMaps,
    output,
    owner,
    models,
    notes: [...planNotes(rowPlan, rowMaps), ...notes],
  };
}

function roundUp(count: number, multiple: number | undefined): number {
  if (multiple === undefined) return count;
  if (!Number.isSafeInteger(multiple) || multiple < 1) {
    throw badInput(`pad_to_multiple_of: ${multiple} is not a positive integer`);
  }
  return Math.ceil(count / multiple) * multiple;
}
