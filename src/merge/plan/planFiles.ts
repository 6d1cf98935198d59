/**
 * The output's files besides the weights: config, tokenizer and all other files of the reference
 * model, the recipe, the provenance record, and a model card.
 *
 * Nothing here holds a time, a duration, a thread count or an absolute path, so that the same merge
 * gives the same bytes.
 */

import { join } from 'node:path';
import type { InputSummary } from '../merge.ts';
import { applyChatTemplate } from '../tokenizer/chatTemplate.ts';
import { patchGenerationConfigForVocabulary } from '../tokenizer/configPatch.ts';
import { parseJsonObject } from '../tokenizer/json.ts';
import type { TokenizerFiles } from '../tokenizer/tokenizerFiles.ts';
import type { LoadedModel } from './loadedModel.ts';
import { modelCard } from './modelCard.ts';
import type { MergePlan } from './planMerge.ts';
import { INDEX_FILE, serializeShardIndex } from './planShards.ts';
import { PROVENANCE_FILE, provenanceOf } from './provenance.ts';

export interface FilePlan {
  /** Files to copy, by name in the output and path of the original. */
  readonly copies: readonly { readonly name: string; readonly from: string }[];
  readonly files: readonly { readonly name: string; readonly content: string }[];
  readonly notes: readonly string[];
}

export const RECIPE_FILE = 'mergekit_config.yml';
const MODEL_CARD = 'README.md';
/** Files of the reference that the output has its own of, or that speak of its repository. */
const REPLACED = [
  'config.json',
  MODEL_CARD,
  RECIPE_FILE,
  PROVENANCE_FILE,
  INDEX_FILE,
  'pytorch_model.bin.index.json',
  '.gitattributes',
];

export interface FilePlanInput {
  readonly plan: MergePlan;
  readonly recipeText: string;
  /** Takes the folders of this machine out of a text. */
  readonly portable: (text: string) => string;
  readonly inputs: readonly InputSummary[];
  readonly seed: number;
  readonly version: string;
}

export async function planFiles(input: FilePlanInput): Promise<FilePlan> {
  const { plan, portable } = input;
  const tokenizer = await planTokenizerFiles(plan);
  const written = [
    ...tokenizer.files.files,
    ...(await generationConfig(plan)),
    ...(plan.config ? [jsonFile('config.json', plan.config)] : []),
    ...indexFile(plan),
    { name: RECIPE_FILE, content: portable(input.recipeText) },
    jsonFile(PROVENANCE_FILE, provenanceOf(input)),
    { name: MODEL_CARD, content: portable(modelCard(input)) },
  ];
  const names = new Set([...written.map(({ name }) => name), ...REPLACED]);
  const omitted = new Set(tokenizer.files.omitted);
  const copied = otherFilesOf(plan.reference).filter(
    ({ name }) => !names.has(name) && !omitted.has(name),
  );
  return { copies: [...copied, ...tokenizer.copies], files: written, notes: tokenizer.notes };
}

function otherFilesOf({ checkpoint }: LoadedModel): { name: string; from: string }[] {
  return checkpoint.otherFiles.map((name) => ({ name, from: join(checkpoint.path, name) }));
}

function jsonFile(name: string, value: object): { name: string; content: string } {
  return { name, content: `${JSON.stringify(value, null, 2)}\n` };
}

function indexFile({ shards }: MergePlan) {
  const content = serializeShardIndex(shards);
  return content === undefined ? [] : [{ name: INDEX_FILE, content }];
}

async function planTokenizerFiles({ recipe, vocabulary, reference, models }: MergePlan) {
  const { tokenizer } = vocabulary;
  let files: TokenizerFiles = tokenizer ?? { files: [], copies: [], omitted: [] };
  const copies = (tokenizer?.copies ?? []).map(({ model, name }) => ({
    name,
    from: join(vocabulary.models[model]!.checkpoint.path, name),
  }));
  if (recipe.chatTemplate === undefined) return { files, copies, notes: [] };
  const vocabularies = await Promise.all(
    models.filter((model) => model.hasTokenizer).map((model) => model.vocabulary()),
  );
  const source = tokenizer
    ? tokenizer.models[tokenizer.output.source]!.vocabulary
    : await reference.vocabulary();
  const applied = applyChatTemplate(
    {
      setting: recipe.chatTemplate,
      templates: vocabularies.map(({ chatTemplate }) => chatTemplate),
      source,
      output: tokenizer?.output ?? source,
    },
    files,
  );
  files = applied.files;
  return { files, copies, notes: applied.notes };
}

async function generationConfig({ reference, vocabulary }: MergePlan) {
  const name = 'generation_config.json';
  if (!vocabulary.tokenizer || !reference.checkpoint.otherFiles.includes(name)) return [];
  const text = await reference.readFile(name);
  const config = parseJsonObject(text.toString('utf8'), `${reference.reference}/${name}`);
  return [jsonFile(name, patchGenerationConfigForVocabulary(config, vocabulary.tokenizer).config)];
}
