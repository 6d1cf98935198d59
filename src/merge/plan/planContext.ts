/** What planning one recipe knows and collects while it goes through the tensors. */

import type { TensorEntry } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import type { Dtype, MergeableDtype } from '../../tensor/dtype.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { GatheredSource, InputFile } from '../execute/task.ts';
import type { MergeMethod } from '../method/method.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { TokenizerPlan } from '../tokenizer/planTokenizer.ts';
import { isIdentityMap } from '../tokenizer/rowMap.ts';
import type { LoadedModel } from './loadedModel.ts';
import { newResolutionLog, type ResolutionLog } from './parameters.ts';
import {
  canonicalName,
  inputEmbedding,
  isByVocabulary,
  isHead,
  type TensorFinder,
  tensorFinder,
} from './tensorNames.ts';

export interface GatherPlan {
  readonly shape: Shape;
  /** One per input; undefined where the stored tensor serves as it is. */
  readonly sources: readonly (GatheredSource | undefined)[];
}

export interface PlanContext {
  readonly recipe: Recipe;
  readonly method: MergeMethod;
  readonly seed: number;
  readonly log: ResolutionLog;
  readonly find: (model: LoadedModel, name: string) => TensorEntry | undefined;
  /** The entry with its file as an index into `inputFiles`. */
  readonly inFile: (model: LoadedModel, entry: TensorEntry) => TensorEntry;
  readonly inputFiles: () => readonly InputFile[];
  /** How the rows of a tensor that is indexed by the vocabulary are brought in line. */
  readonly gather: (
    name: string,
    inputs: readonly { readonly model: LoadedModel; readonly entry: TensorEntry }[],
  ) => GatherPlan | undefined;
  readonly outputDtype: (stored: MergeableDtype) => MergeableDtype;
  readonly precision: (inputs: readonly Dtype[], output: MergeableDtype) => 'float32' | 'float64';
  /** Adds a line to the plan; lines about tensors are counted, not repeated. */
  readonly note: (line: string, tensor?: string) => void;
  readonly notes: () => readonly string[];
  /** Tensors of each model that some output uses. */
  readonly used: ReadonlyMap<LoadedModel, ReadonlySet<string>>;
}

export interface PlanContextInput {
  readonly recipe: Recipe;
  readonly method: MergeMethod;
  readonly models: readonly LoadedModel[];
  readonly seed: number;
  readonly dtype: MergeableDtype | undefined;
  /** Its models are `tokenizerModels`, in order. */
  readonly tokenizer: TokenizerPlan | undefined;
  readonly tokenizerModels: readonly LoadedModel[];
}

export function createPlanContext(input: PlanContextInput): PlanContext {
  const { recipe } = input;
  const finders = new Map<LoadedModel, TensorFinder>();
  const used = new Map<LoadedModel, Set<string>>(input.models.map((model) => [model, new Set()]));
  const files = indexFiles(input.models);
  const notes = noteBook();

  function find(model: LoadedModel, name: string): TensorEntry | undefined {
    const finder = finders.get(model) ?? tensorFinder(model.checkpoint);
    finders.set(model, finder);
    const found = finder.find(name);
    if (found) assertServesOnce(model, found.name, name);
    const entry = found ?? tiedHead(model, name);
    if (!entry) return undefined;
    used.get(model)?.add(entry.name);
    if (entry.name !== name) {
      notes.add(`${model.reference}: "${entry.name}" serves as "${name}"`, name);
    }
    return entry;
  }
  const served = new Map<string, string>();
  /** A stored tensor stands for one tensor of the output's model, under whatever name. */
  function assertServesOnce(model: LoadedModel, stored: string, name: string): void {
    const key = `${model.checkpoint.path}\0${stored}`;
    const other = served.get(key) ?? name;
    served.set(key, other);
    if (isSameName(other, name) || isSameName(name, other)) return;
    throw badInput(
      `${model.reference}: tensor "${stored}" could be both "${other}" and "${name}"; ` +
        'the models name their tensors too differently to be merged',
    );
  }
  const outDtype = input.dtype ?? recipe.outDtype ?? recipe.dtype;
  return {
    recipe,
    method: input.method,
    seed: input.seed,
    log: newResolutionLog(),
    find,
    inFile: (model, entry) => ({ ...entry, file: files.offset(model) + entry.file }),
    inputFiles: () => files.all,
    gather: (_name, inputs) => planGather(input, inputs, find, files),
    outputDtype: (stored) => outDtype ?? stored,
    precision: (inputs, output) =>
      inputs.includes('F64') || output === 'F64' || recipe.dtype === 'F64' ? 'float64' : 'float32',
    note: notes.add,
    notes: notes.lines,
    used,
  };
}

/** Whether the names differ by a prefix or an old spelling at the most. */
function isSameName(longer: string, shorter: string): boolean {
  return `.${canonicalName(longer)}`.endsWith(`.${canonicalName(shorter)}`);
}

/** A model without a head of its own uses its embedding, unless its config says otherwise. */
function tiedHead({ checkpoint }: LoadedModel, name: string): TensorEntry | undefined {
  return isHead(name) && isTied(checkpoint.config) ? inputEmbedding(checkpoint) : undefined;
}

export function isTied(config: LoadedModel['checkpoint']['config']): boolean {
  const text = config?.text_config;
  const nested = typeof text === 'object' && text && 'tie_word_embeddings' in text;
  const value = nested ? text.tie_word_embeddings : config?.tie_word_embeddings;
  return value !== false;
}

function indexFiles(models: readonly LoadedModel[]) {
  const all: InputFile[] = [];
  const offsets = new Map<string, number>();
  for (const { checkpoint } of models) {
    if (offsets.has(checkpoint.path)) continue;
    offsets.set(checkpoint.path, all.length);
    all.push(
      ...checkpoint.files.map(({ path, byteLength, modifiedMs }) => ({
        path,
        byteLength,
        modifiedMs,
      })),
    );
  }
  return { all, offset: ({ checkpoint }: LoadedModel) => offsets.get(checkpoint.path) ?? 0 };
}

/** Lines in order; one that speaks of many tensors is given once, with their number. */
function noteBook() {
  const tensorsOf = new Map<string, string[]>();
  return {
    add(line: string, tensor?: string) {
      const key = tensor === undefined ? line : line.replaceAll(`"${tensor}"`, '"..."');
      const known = tensorsOf.get(key) ?? [];
      tensorsOf.set(key, tensor === undefined ? known : [...known, tensor]);
    },
    lines: () =>
      [...tensorsOf].map(([line, tensors]) => {
        if (tensors.length === 0) return line;
        const others = tensors.length > 1 ? ` and ${tensors.length - 1} more` : '';
        return `${line} (${tensors[0]}${others})`;
      }),
  };
}

function planGather(
  { tokenizer, tokenizerModels }: PlanContextInput,
  inputs: readonly { readonly model: LoadedModel; readonly entry: TensorEntry }[],
  find: PlanContext['find'],
  files: ReturnType<typeof indexFiles>,
): GatherPlan | undefined {
  if (!tokenizer) return undefined;
  const rowsOf = (model: LoadedModel) => inputEmbedding(model.checkpoint)?.shape[0];
  const [first] = inputs;
  if (!inputs.every(({ model, entry }) => isByVocabulary(entry, rowsOf(model)))) return undefined;
  const flat = /final_logits_bias$/.test(first!.entry.name);
  const rest = flat ? [] : first!.entry.shape.slice(1);
  const rowLength = rest.reduce((product, size) => product * size, 1);
  const tables = tokenizerModels.map((model) => {
    const entry = find(model, first!.entry.name);
    if (!entry) return undefined;
    return { ...entry, file: files.offset(model) + entry.file };
  });
  const sources = inputs.map(({ model, entry }) => {
    const index = tokenizerModels.findIndex(
      (other) => other.checkpoint.path === model.checkpoint.path,
    );
    const map = tokenizer.rowMaps[index]!;
    const rows = flat ? entry.shape.at(-1)! : entry.shape[0]!;
    if (isIdentityMap(map, index, rows)) return undefined;
    return { kind: 'gathered' as const, rowLength, map, tables };
  });
  const shape = flat
    ? [...first!.entry.shape.slice(0, -1), tokenizer.rowCount]
    : [tokenizer.rowCount, ...rest];
  return { shape, sources };
}
