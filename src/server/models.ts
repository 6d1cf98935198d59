/** `/v1/models`: the one model that a server has. */

import type { LanguageModel } from '../model/languageModel.ts';
import type { ModelEntry } from './schema/responses.ts';
import { checkModel, type Service } from './service.ts';

const CAPABILITIES = [
  ...(['classify', 'next', 'embed', 'score', 'respond', 'write', 'chatPrompt'] as const),
] satisfies readonly (keyof LanguageModel)[];

export function answerModels(service: Service): { object: 'list'; data: ModelEntry[] } {
  return { object: 'list', data: [entryOf(service)] };
}

export function answerModel(service: Service, asked: string): ModelEntry {
  checkModel(service, asked);
  return entryOf(service);
}

function entryOf({ model, modelId, created }: Service): ModelEntry {
  return {
    ...{ id: modelId, object: 'model', created, owned_by: 'lmfuse' },
    capabilities: CAPABILITIES.filter((name) => model[name] !== undefined),
  };
}
