/**
 * One output tensor, resolved: which stored tensors it is made of, by which method and parameters,
 * in which dtype; checked, and ready to become tasks once its place in the output is known.
 */

import { createHash } from 'node:crypto';
import type { TensorEntry } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import { TILE_NUMBERS } from '../../kernel/kernels.ts';
import {
  bitsPerElement,
  byteLengthOf,
  type Dtype,
  isMergeable,
  type MergeableDtype,
} from '../../tensor/dtype.ts';
import {
  elementCountOf,
  formatShape,
  rowLengthOf,
  type Shape,
  sameShape,
} from '../../tensor/shape.ts';
import type {
  CopyTask,
  GatheredSource,
  MergeTask,
  Task,
  TaskOutput,
  TensorSource,
} from '../execute/task.ts';
import type { MergeMethod, RandomStream, TensorMerge } from '../method/method.ts';
import type { RecipeSource } from '../recipe/recipe.ts';
import { type LoadedModel, sameModel } from './loadedModel.ts';
import type { OutputTensor, WantedTensor } from './outputTensors.ts';
import { type ParameterPlace, resolveGlobals, resolveModel } from './parameters.ts';
import type { PlanContext } from './planContext.ts';
import { isBuffer } from './tensorNames.ts';

export interface PlannedTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly byteLength: number;
  readonly bytesRead: number;
  /** Absent for copies. */
  readonly merge?: TensorMerge;
  readonly tasks: (output: TaskOutput) => readonly Task[];
}

interface Located {
  readonly model: LoadedModel;
  readonly entry: TensorEntry;
}

/** Longer rows would not fit in a worker's memory. */
const LONGEST_ROW = 1 << 20;
/** Histograms count in 32 bits. */
const MOST_SELECTED = 2 ** 32 - 1;
/** Elements that one task merges, where a tensor can be cut. */
export const TASK_NUMBERS = 1 << 24;

export function planTensor(output: OutputTensor, context: PlanContext): PlannedTensor {
  const chosen = chooseInputs(output, context);
  const located = chosen.inputs.map(({ wanted }) => locate(wanted, output, context));
  const base = chosen.base && locate(chosen.base, output, context);
  const all = [...(base ? [base] : []), ...located.filter((item) => item !== undefined)];
  if (isBuffer(output.name)) return copyBuffer(output, all, context);
  if (all.some(({ entry }) => !isMergeable(entry.dtype))) return planCopy(output, all, context);
  return planMerged(output, chosen, all, base, context);
}

interface ChosenInputs {
  readonly inputs: readonly { readonly wanted: WantedTensor; readonly source?: RecipeSource }[];
  readonly base?: WantedTensor;
}

/** Which models are inputs and which is the base, by the method's rule. */
function chooseInputs(output: OutputTensor, { method }: PlanContext): ChosenInputs {
  const all = output.sources.map((wanted, i) => ({ wanted, source: output.slice.sources[i]! }));
  if (method.base === 'none') return counted(method, { inputs: all });
  const { base } = output;
  if (!base) {
    if (method.base === 'optional') return counted(method, { inputs: all });
    throw badInput(`${method.name} needs a base_model, and the recipe gives none`);
  }
  const others = all.filter(({ wanted }) => !sameModel(wanted.model, base.model));
  if (method.base === 'endpoint') return counted(method, { inputs: [{ wanted: base }, ...others] });
  return counted(method, { inputs: others, base });
}

function counted(method: MergeMethod, chosen: ChosenInputs): ChosenInputs {
  const { min, max } = method.inputs;
  const count = chosen.inputs.length;
  if (count >= min && count <= (max ?? count)) return chosen;
  const wanted = max === min ? `${min}` : max === undefined ? `${min} or more` : `${min} to ${max}`;
  const role = {
    none: '',
    optional: chosen.base ? ' besides the base' : '',
    required: ' besides the base',
    endpoint: ', the base included',
  }[method.base];
  throw badInput(
    `${method.name} takes ${wanted} model${wanted === '1' ? '' : 's'}${role}, not ${count}`,
  );
}

/** The stored tensor; undefined for a buffer that this model did not save. */
function locate(
  { model, name }: WantedTensor,
  output: OutputTensor,
  context: PlanContext,
): Located | undefined {
  const entry = context.find(model, name);
  if (entry) return { model, entry };
  if (isBuffer(name)) {
    context.note(
      `buffer "${name}" is missing in ${model.reference}; it is copied from a model that has it`,
      name,
    );
    return undefined;
  }
  const where = name === output.name ? '' : ` (for "${output.name}")`;
  throw badInput(`tensor "${name}"${where} is missing in ${model.reference}`);
}

/** Tables and masks are what they are: no weights apply to them, and no output dtype. */
function copyBuffer(output: OutputTensor, all: readonly Located[], context: PlanContext) {
  const [first] = all;
  if (!first) throw badInput(`tensor "${output.name}" is missing in every model`);
  if (all.length > 1)
    context.note(`buffer "${output.name}" is copied from ${first.model.reference}`, output.name);
  return planCopy(output, [first], context);
}

/** Tensors that cannot be averaged, or need not be: bytes are copied. */
function planCopy(
  output: OutputTensor,
  inputs: readonly Located[],
  context: PlanContext,
): PlannedTensor {
  const [first] = inputs;
  const { dtype, shape } = first!.entry;
  for (const { model, entry } of inputs) {
    assertSameShape(output.name, first!, { model, entry });
    if (entry.dtype === dtype) continue;
    throw badInput(
      `tensor "${output.name}": ${first!.entry.dtype} in ${first!.model.reference}, ` +
        `${entry.dtype} in ${model.reference}; such values are only copied when all agree`,
    );
  }
  const byteLength = byteLengthOf(dtype, elementCountOf(shape, output.name)) ?? 0;
  const task: Omit<CopyTask, 'output'> = {
    kind: 'copy',
    name: output.name,
    dtype,
    byteLength,
    inputs: inputs.map(({ model, entry }) => context.inFile(model, entry)),
    references: inputs.map(({ model }) => model.reference),
  };
  return {
    name: output.name,
    dtype,
    shape,
    byteLength,
    bytesRead: byteLength * inputs.length,
    tasks: (place) => (byteLength > 0 ? [{ ...task, output: place }] : []),
  };
}

function assertSameShape(name: string, a: Located, b: Located): void {
  if (sameShape(a.entry.shape, b.entry.shape)) return;
  throw badInput(
    `tensor "${name}": shape ${formatShape(a.entry.shape)} in ${a.model.reference}, ` +
      `${formatShape(b.entry.shape)} in ${b.model.reference}`,
  );
}

/** The config is the base model's, also where the method does not read the base's tensors. */
function assertFitsConfig({ name, base }: OutputTensor, first: Located, context: PlanContext) {
  const entry = base && context.find(base.model, base.name);
  if (base && entry) assertSameShape(name, { model: base.model, entry }, first);
}

function planMerged(
  output: OutputTensor,
  chosen: ChosenInputs,
  all: readonly Located[],
  base: Located | undefined,
  context: PlanContext,
): PlannedTensor {
  const { method } = context;
  const gather = context.gather(output.name, all);
  if (!gather) {
    for (const other of all) assertSameShape(output.name, all[0]!, other);
    assertFitsConfig(output, all[0]!, context);
  }
  const shape = gather?.shape ?? all[0]!.entry.shape;
  const dtype = context.outputDtype((base ?? all[0]!).entry.dtype as MergeableDtype);
  const merge = resolveTensor(output, chosen, shape, base !== undefined, context);
  for (const line of method.check(merge)) context.note(`${line}`, output.name);
  assertSize(method, merge);
  const sources = all.map(
    ({ model, entry }, i): TensorSource =>
      gather?.sources[i] ?? { kind: 'stored', entry: context.inFile(model, entry) },
  );
  const [only] = all;
  if (method.isCopy?.(merge) && only!.entry.dtype === dtype && sources[0]!.kind === 'stored') {
    return planCopy(output, [only!], context);
  }
  const byteLength = (merge.elementCount * bitsPerElement(dtype)) / 8;
  const inputBytes = all.reduce(
    (sum, { entry }) => sum + (merge.elementCount * bitsPerElement(entry.dtype)) / 8,
    0,
  );
  const task: Omit<MergeTask, 'output' | 'start' | 'end'> = {
    kind: 'merge',
    method: method.name,
    tensor: merge,
    inputs: base ? sources.slice(1) : sources,
    ...(base ? { base: sources[0]! } : {}),
    precision: context.precision(
      all.map(({ entry }) => entry.dtype),
      dtype,
    ),
    outputDtype: dtype,
  };
  return {
    name: output.name,
    dtype,
    shape,
    byteLength,
    bytesRead: inputBytes * method.reads,
    merge,
    tasks: (place) =>
      pieces(method, merge, sources).map(([start, end]) => ({
        ...task,
        start,
        end,
        output: place,
      })),
  };
}

function resolveTensor(
  output: OutputTensor,
  chosen: ChosenInputs,
  shape: Shape,
  hasBase: boolean,
  context: PlanContext,
): TensorMerge {
  const { method, recipe } = context;
  const levels = [output.slice.parameters, output.module.parameters, recipe.parameters];
  const place: ParameterPlace = {
    tensorName: output.name,
    t: output.t,
    outside: output.outside,
    log: context.log,
  };
  return {
    name: output.name,
    elementCount: elementCountOf(shape, `tensor "${output.name}"`),
    rowLength: rowLengthOf(shape),
    isMatrix: shape.length > 1,
    hasBase,
    models: chosen.inputs.map(({ source }) =>
      source ? resolveModel(method, source, levels, place) : {},
    ),
    globals: resolveGlobals(method, levels, place),
    streams: chosen.inputs.map((_, i) => randomStream(context.seed, output.name, i)),
  };
}

/** The key of a random stream depends on the seed, the tensor's name and the input's place alone. */
function randomStream(seed: number, tensor: string, input: number): RandomStream {
  const digest = createHash('sha256').update(`${seed}\0${tensor}\0${input}`).digest();
  return { keyLow: digest.readUInt32LE(0), keyHigh: digest.readUInt32LE(4) };
}

function assertSize(method: MergeMethod, tensor: TensorMerge): void {
  if (method.wholeRows(tensor) && tensor.rowLength > LONGEST_ROW) {
    throw badInput(
      `tensor "${tensor.name}": ${method.name} works on whole rows of at most ${LONGEST_ROW} ` +
        `elements, and this one has rows of ${tensor.rowLength}`,
    );
  }
  if (method.unit(tensor) === 'tensor' && tensor.elementCount > MOST_SELECTED) {
    throw badInput(
      `tensor "${tensor.name}": ${tensor.elementCount} elements are more than ${method.name} ` +
        `can count (${MOST_SELECTED})`,
    );
  }
}

/** Ranges of elements that become tasks of their own. */
function pieces(
  method: MergeMethod,
  tensor: TensorMerge,
  sources: readonly TensorSource[],
): [number, number][] {
  const { elementCount } = tensor;
  if (elementCount === 0) return [];
  const unit = method.unit(tensor);
  if (unit === 'tensor') return [[0, elementCount]];
  const gathered = sources.some((source) => source.kind === 'gathered');
  const grain = unit === 'row' || gathered ? tensor.rowLength * TILE_NUMBERS : TILE_NUMBERS;
  const size = Math.max(1, Math.floor(TASK_NUMBERS / grain)) * grain;
  const count = Math.ceil(elementCount / size);
  return Array.from({ length: count }, (_, i) => [
    i * size,
    Math.min(elementCount, (i + 1) * size),
  ]);
}

export type { GatheredSource };
