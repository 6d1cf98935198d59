/** What runs in a page: models opened from bytes, with onnxruntime-web as the runtime. */

export { FusionError, type FusionErrorCode } from './errors.ts';
export type { Runtime } from './model/engine/session.ts';
export { type FilesModelOptions, type ModelBytes, openModelFiles } from './model/filesModel.ts';
export type {
  Classifier,
  Embedder,
  Item,
  LanguageModel,
  RequestOptions,
  TokenModel,
  TokenStream,
} from './model/languageModel.ts';
