/** What a plan will do, in numbers for people: sizes, layers, parameters, estimates. */

import { findLayerStacks } from '../../checkpoint/layers.ts';
import { elementCountOf } from '../../tensor/shape.ts';
import { arenaBytesOf } from '../execute/runTask.ts';
import { outputBytesOf } from '../execute/task.ts';
import type { InputSummary, ParameterLine, PlanSummary } from '../merge.ts';
import type { ParameterValues, TensorMerge } from '../method/method.ts';
import type { MergePlan } from '../plan/planMerge.ts';

/** Bytes per second that the estimate assumes, on the slow side of what a laptop does. */
const READ_RATE = 2e9;
const WRITE_RATE = 5e8;
/** What Node itself takes, and each worker besides its arena. */
const RUNTIME_BYTES = 90e6;
const THREAD_BYTES = 12e6;

export function summarizePlan(
  plan: MergePlan,
  inputs: readonly InputSummary[],
  more: { readonly threads: number; readonly freeBytes: number; readonly notes: readonly string[] },
): PlanSummary {
  const tensors = plan.shards.flatMap((shard) => shard.tensors.map(({ tensor }) => tensor));
  const outputBytes = plan.shards.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const bytesToRead = tensors.reduce(
    (sum, { bytesRead, merge }) => sum + bytesRead * (merge ? plan.method.reads : 1),
    0,
  );
  const arena = plan.tasks.reduce((most, task) => Math.max(most, arenaBytesOf(task)), 0);
  const stack = findLayerStacks(
    tensors.map(({ name }) => name),
    plan.config,
  ).find(({ configKey }) => configKey !== undefined);
  return {
    ...(plan.recipe.name === undefined ? {} : { stage: plan.recipe.name }),
    method: plan.method.name,
    ...(plan.recipe.baseModel === undefined ? {} : { baseModel: plan.recipe.baseModel }),
    inputs,
    tensors: tensors.length,
    parameters: tensors.reduce((sum, { shape, name }) => sum + elementCountOf(shape, name), 0),
    outputBytes,
    shards: plan.shards.map(({ name, byteLength }) => ({ name, byteLength })),
    dtypes: [...new Set(tensors.map(({ dtype }) => dtype))],
    ...(stack ? { layers: stack.count } : {}),
    ...(plan.vocabulary.tokenizer ? { vocabulary: plan.vocabulary.tokenizer.rowCount } : {}),
    bytesToRead,
    bytesToWrite: outputBytes,
    freeBytes: more.freeBytes,
    threads: more.threads,
    estimatedSeconds: bytesToRead / READ_RATE + outputBytes / WRITE_RATE,
    estimatedMemoryBytes:
      RUNTIME_BYTES + Math.max(1, more.threads) * (arena + (more.threads > 0 ? THREAD_BYTES : 0)),
    resolved: resolvedParameters(tensors.flatMap(({ merge }) => merge ?? [])),
    notes: [...plan.notes, ...more.notes],
  };
}

/** Every parameter with the values that it takes over the tensors. */
function resolvedParameters(tensors: readonly TensorMerge[]): ParameterLine[] {
  const seen = new Map<string, Set<number | boolean>>();
  const collect = (prefix: string, values: ParameterValues) => {
    for (const [name, value] of Object.entries(values)) {
      const key = prefix + name;
      seen.set(key, (seen.get(key) ?? new Set()).add(value));
    }
  };
  for (const tensor of tensors) {
    collect('', tensor.globals);
    tensor.models.forEach((model, i) => {
      collect(`input ${i + 1}: `, model);
    });
  }
  return [...seen].map(([name, values]) => ({ name, values: describe([...values]) }));
}

function describe(values: readonly (number | boolean)[]): string {
  if (values.length === 1) return String(values[0]);
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length < values.length) return values.join(', ');
  return `${Math.min(...numbers)} to ${Math.max(...numbers)} (${values.length} values)`;
}

/** Small merges are done before a worker thread has started. */
const INLINE_BYTES = 64 << 20;

export function threadsFor(plan: MergePlan, wanted: number | undefined, cores: number): number {
  if (wanted !== undefined) return wanted;
  const bytes = plan.tasks.reduce((sum, task) => sum + outputBytesOf(task), 0);
  return bytes < INLINE_BYTES ? 0 : cores;
}
