/** lmfuse: language-model fusion. The public library. */

export type { Checkpoint, TensorEntry } from './checkpoint/checkpoint.ts';
export {
  type CheckpointDifference,
  compareCheckpoints,
  type Difference,
  type TensorDifference,
} from './checkpoint/compareCheckpoints.ts';
export { openCheckpoint } from './checkpoint/open.ts';
export { resolveModel } from './checkpoint/reference.ts';
export { summarizeCheckpoint } from './checkpoint/summary.ts';
export {
  type EnsembleDefinition,
  type EnsembleModel,
  ensemble,
} from './ensemble/ensemble.ts';
export type { Explanation } from './ensemble/explanation.ts';
export { fusionJsonSchema } from './ensemble/recipe/jsonSchema.ts';
export { FusionError, type FusionErrorCode } from './errors.ts';
export {
  type InputSummary,
  type MergeOptions,
  type MergeProgress,
  type MergeReport,
  merge,
  type ParameterLine,
  type PlanSummary,
  planMergeFile,
} from './merge/merge.ts';
export { recipeJsonSchema } from './merge/recipe/jsonSchema.ts';
export {
  type ConvertOptions,
  type ConvertReport,
  convertToOnnx,
} from './model/convert/convertToOnnx.ts';
export { generate } from './model/generate/generate.ts';
export {
  generateText,
  type TextGeneration,
  type TextOptions,
} from './model/generate/generateText.ts';
export type { Generation, Hypothesis } from './model/generate/hypothesis.ts';
export type { GenerationOptions } from './model/generate/options.ts';
export type {
  ChatMessage,
  Classifier,
  Embedder,
  Item,
  LanguageModel,
  RequestOptions,
  Responder,
  TextRequest,
  TextResponse,
  TextScore,
  TextScorer,
  TokenModel,
  TokenStream,
  Writer,
  WrittenText,
} from './model/languageModel.ts';
export type { TokenBytes, Tokenizer } from './model/tokenizer.ts';
export { openModel } from './open.ts';
export type { OpenModelOptions } from './openOptions.ts';
export {
  createServer,
  type ModelServer,
  type RequestEntry,
  type ServerOptions,
} from './server/createServer.ts';
export { type ListenOptions, type RunningServer, startServer } from './server/startServer.ts';
export { METRICS, metricNamed } from './task/metrics/registry.ts';
export { statisticsTable } from './task/metrics/statisticsTable.ts';
export {
  type Comparison,
  compareSystems,
  scoreInterval,
} from './task/significance/compareSystems.ts';
export type { Dtype, MergeableDtype } from './tensor/dtype.ts';
