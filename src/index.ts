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
export type { Dtype, MergeableDtype } from './tensor/dtype.ts';
