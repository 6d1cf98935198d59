/** What every endpoint works with. */

import type { LanguageModel } from '../model/languageModel.ts';
import { ApiError } from './apiError.ts';

export interface Service {
  readonly model: LanguageModel;
  /** As clients name it. */
  readonly modelId: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** For draws that were asked for without a seed: from 0 to 2^32 - 1. */
  readonly drawSeed: () => number;
}

export interface Call extends Service {
  readonly signal: AbortSignal;
}

/** A client that names another model must not take this one's answer for that one's. */
export function checkModel({ modelId }: Service, asked: string | undefined): void {
  if (asked === undefined || asked === modelId) return;
  throw new ApiError(404, `model "${asked}": this server has "${modelId}"`, {
    ...{ code: 'model_not_found', param: 'model' },
  });
}

const ENDPOINTS: readonly (readonly [path: string, can: (model: LanguageModel) => boolean])[] = [
  ['/v1/chat/completions', canChat],
  [
    '/v1/completions',
    ({ next, respond, write }) => next?.kind === 'causal' || !!(respond ?? write),
  ],
  ['/v1/classify', ({ classify }) => classify !== undefined],
  ['/v1/translate', ({ next, write }) => next?.kind === 'sequence_to_sequence' || !!write],
  ['/v1/embeddings', ({ embed }) => embed !== undefined],
];

function canChat({ next, chatPrompt, respond, write }: LanguageModel): boolean {
  return (next?.kind === 'causal' && chatPrompt !== undefined) || !!(respond ?? write);
}

/** @param reason such as `has no chat template` */
export function cannot({ model, modelId }: Service, reason: string): ApiError {
  const able = ENDPOINTS.filter(([, can]) => can(model)).map(([path]) => path);
  const instead = able.length > 0 ? `it answers ${able.join(', ')}` : 'it answers no endpoint';
  return new ApiError(400, `${modelId}: ${reason}; ${instead}`, {
    code: 'unsupported_capability',
  });
}

/** What every answer of a chat or a completion begins with. */
export function headOf(prefix: string, { modelId }: Service) {
  const created = Math.floor(Date.now() / 1000);
  return { id: `${prefix}-${crypto.randomUUID()}`, created, model: modelId };
}
