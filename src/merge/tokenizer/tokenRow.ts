/** Rows that the recipe sets token by token (`tokenizer.tokens`). */

import { badInput } from '../../errors.ts';
import { indexOfModel, type TokenizerModel } from './outputVocabulary.ts';
import type { RowPlace, RowPlanInput, Substitute } from './rowMap.ts';
import type { TokenSetting, TokenSource } from './setting.ts';

export interface ForcedRow {
  /** Undefined: the row that a model without the token takes anyway. */
  readonly places: Substitute | undefined;
  readonly force: boolean;
}

/** By output row. */
export function planTokenRows({ output, models, tokens }: RowPlanInput): Map<number, ForcedRow> {
  const rows = new Map<number, ForcedRow>();
  for (const [token, setting] of Object.entries(tokens)) {
    const places = placesOf(token, setting, models);
    rows.set(output.tokens.get(token)!, { places, force: setting.force });
  }
  return rows;
}

function placesOf(
  token: string,
  setting: TokenSetting,
  models: readonly TokenizerModel[],
): Substitute | undefined {
  const subject = `tokenizer token ${JSON.stringify(token)}`;
  if (setting.source) return placesOfSource(setting.source, token, models, subject);
  if (models.some(({ vocabulary }) => vocabulary.tokens.has(token))) return undefined;
  throw badInput(
    `${subject}: no model has it and no source is given; give one, for example {kind: zero}`,
  );
}

function placesOfSource(
  source: TokenSource,
  token: string,
  models: readonly TokenizerModel[],
  subject: string,
): Substitute {
  if (source.kind === 'zero') return [];
  const model = indexOfModel(source.model, models, subject);
  if (source.kind === 'model') return [tokenPlace(model, token, models, subject)];
  if (source.token !== undefined && source.tokenId === undefined) {
    return [tokenPlace(model, source.token, models, subject)];
  }
  if (source.token === undefined && source.tokenId !== undefined) {
    return [idPlace(model, source.tokenId, models, subject)];
  }
  throw badInput(`${subject}: a model_token source needs either token or token_id`);
}

function tokenPlace(
  model: number,
  token: string,
  models: readonly TokenizerModel[],
  subject: string,
): RowPlace {
  const { reference, vocabulary } = models[model]!;
  const id = vocabulary.tokens.get(token);
  if (id === undefined)
    throw badInput(`${subject}: model "${reference}" has no token ${JSON.stringify(token)}`);
  return idPlace(model, id, models, subject);
}

function idPlace(
  model: number,
  id: number,
  models: readonly TokenizerModel[],
  subject: string,
): RowPlace {
  const { reference, rows } = models[model]!;
  if (Number.isInteger(id) && id >= 0 && id < rows) return { model, row: id };
  throw badInput(
    `${subject}: row ${id} of model "${reference}" is asked for, but its embedding has ${rows} rows`,
  );
}
