/**
 * The YAML form of a recipe, as mergekit writes it: keys and types, with a description for each.
 *
 * Rules that span several keys are in `normalise.ts`. The descriptions are what editors show, through
 * `jsonSchema.ts`. A key without a value (`parameters:`) counts as absent.
 */

import * as z from 'zod';
import { closedObject } from '../../recipe/closedObject.ts';
import { describeValue } from '../../recipe/spelling.ts';

export const NUMBER_TEXT = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/;

function numberLike(words: string, number: z.ZodNumber) {
  return z.union([number, z.string().regex(NUMBER_TEXT, expected(words))], expected(words));
}

function expected(words: string) {
  return {
    error: ({ input }: { readonly input?: unknown }) =>
      `expected ${words}, got ${describeValue(input)}`,
  };
}

const number = numberLike('a number', z.number());
const wholeNumber = numberLike('a whole number', z.int());

const parameterValue = z
  .union(
    [z.number(), z.boolean(), z.string(), z.array(number).min(1)],
    expected('a number, true, false, or a list of numbers (a gradient)'),
  )
  .meta({
    id: 'parameterValue',
    description: 'A number, true, false, or a gradient: numbers spread evenly over the layers.',
  });

const conditionalValue = closedObject({
  filter: z
    .string()
    .nullish()
    .describe(
      'Which tensors: a part of the name (mlp), a glob over the whole name (*.mlp.*), or /a regular expression/. Without it, all.',
    ),
  value: parameterValue.describe('The value for these tensors: a scalar or a gradient.'),
}).meta({ id: 'conditionalValue', description: 'A value for the tensors that a filter chooses.' });

const parameterSetting = z
  .union(
    [parameterValue, conditionalValue, z.array(conditionalValue).min(1)],
    expected('a number, true, false, a list of numbers (a gradient), or a list of {filter, value}'),
  )
  .meta({
    id: 'parameterSetting',
    description:
      'A scalar, a gradient over the layers, or a list of {filter, value} where the first match wins.',
  });

export const parameters = z.record(z.string(), parameterSetting).meta({
  id: 'parameters',
  description:
    'Parameters of the merge method. A source takes precedence over its slice, that over its module, that over the recipe.',
});

const pathAndRevision = z.union(
  [
    z.string(),
    closedObject({
      path: z.string().describe('A folder, or org/name.'),
      revision: z.string().nullish().describe('A branch, tag or commit.'),
    }),
  ],
  expected('a model name or {path, revision}'),
);

const model = z
  .union(
    [
      z.string().min(1, { error: () => 'expected a model name, got empty text' }),
      closedObject({
        model: pathAndRevision.describe('The model.'),
        lora: pathAndRevision.nullish().describe('A LoRA to apply to it.'),
      }),
    ],
    expected('a model name (a folder, or org/name[@revision])'),
  )
  .meta({
    id: 'model',
    description: 'A folder, org/name[@revision], or the name of another recipe in this file.',
  });

const layerRange = z
  .array(wholeNumber, expected('[start, end]'))
  .length(2, expected('[start, end]'));

const baseModel = model
  .nullish()
  .describe('The model that task vectors are taken from; its config and tokenizer are used too.');

const parametersHere = parameters.nullish().describe('Parameters for this part of the recipe.');

const inputModel = closedObject({
  model: model.describe('The model to merge.'),
  parameters: parametersHere,
}).meta({ id: 'inputModel', description: 'One model of the merge.' });

const source = closedObject({
  model: model.describe('The model that the layers come from.'),
  layer_range: layerRange.nullish().describe('[start, end): the end is not included.'),
  parameters: parametersHere,
}).meta({ id: 'source', description: 'Layers of one model.' });

const slice = closedObject({
  sources: z.array(source).min(1).describe('The layers to merge; one source is copied through.'),
  base_model: baseModel,
  parameters: parametersHere,
  residual_weight: number.nullish().describe('Accepted and without effect, as in mergekit.'),
}).meta({ id: 'slice', description: 'A run of output layers, stacked in the order given.' });

const models = z.array(inputModel).min(1);
const slices = z.array(slice).min(1);

const moduleSchema = closedObject({
  models: models.nullish().describe('Whole models to merge.'),
  slices: slices.nullish().describe('Runs of layers, stacked.'),
  base_model: baseModel,
  parameters: parametersHere,
}).meta({ id: 'module', description: 'How one module (text, vision...) is merged.' });

const token = closedObject({
  source: z
    .union(
      [
        model,
        z.discriminatedUnion(
          'kind',
          [
            closedObject({
              kind: z.literal('model_token').describe("Another token's embedding."),
              model: model.describe('The model it is taken from.'),
              token: z.string().nullish().describe('The token, as text.'),
              token_id: z
                .int()
                .min(0, expected('an id, 0 or more'))
                .nullish()
                .describe('The token, as its id.'),
            }),
            closedObject({ kind: z.literal('zero').describe('An embedding of zeros.') }),
          ],
          { error: () => 'expected kind: model_token or kind: zero' },
        ),
      ],
      expected('a model, {kind: model_token, model, token}, or {kind: zero}'),
    )
    .nullish()
    .describe("Where the token's embedding comes from."),
  force: z
    .union([z.boolean(), z.enum(['yes', 'no', 'on', 'off'])], expected('true or false'))
    .nullish()
    .describe('Use the source even for models that have the token themselves.'),
}).meta({ id: 'token', description: 'The embedding of one token.' });

const tokenizer = closedObject({
  source: model.nullish().describe('union (default), base, or the model whose tokenizer is used.'),
  tokens: z
    .record(z.string(), token.nullish())
    .nullish()
    .describe('Embeddings to take for single tokens.'),
  pad_to_multiple_of: z
    .int()
    .min(1, expected('a whole number above 0'))
    .nullish()
    .describe('Pad the vocabulary with rows of zeros to a multiple of this.'),
});

const DTYPE_NAMES = ['float32', 'bfloat16', 'float16', 'float64'];
const dtype = z.string().nullish();

export const recipeSchema = closedObject({
  name: z.string().nullish().describe('A name that other recipes of this file may use as a model.'),
  merge_method: z.string().describe('The method, for example linear, slerp, ties, dare_ties.'),
  base_model: baseModel,
  models: models.nullish().describe('Whole models to merge (or slices, or modules).'),
  slices: slices.nullish().describe('Runs of layers, stacked to the output (or models, modules).'),
  modules: z
    .record(z.string(), moduleSchema)
    .nullish()
    .describe('A merge for each named module (or models, or slices).'),
  parameters: parameters.nullish().describe('Parameters for the whole recipe.'),
  dtype: dtype.meta({
    description: 'The dtype of the output; arithmetic is float32 at least.',
    examples: DTYPE_NAMES,
  }),
  out_dtype: dtype.meta({
    description: 'The dtype of the output, when dtype says something else.',
    examples: DTYPE_NAMES,
  }),
  tokenizer_source: model
    .nullish()
    .describe('union, base, or the model whose tokenizer is used (or tokenizer).'),
  tokenizer: tokenizer.nullish().describe('The tokenizer in detail (or tokenizer_source).'),
  chat_template: z
    .string()
    .nullish()
    .describe('auto, alpaca, chatml, llama3, mistral, exaone, or a Jinja template.'),
  random_seed: wholeNumber
    .nullish()
    .describe('Accepted and without effect, as in mergekit; the seed is an option of the command.'),
});

export type RawRecipe = z.infer<typeof recipeSchema>;
export type RawModel = z.infer<typeof model>;
export type RawParameters = z.infer<typeof parameters>;
export type RawSlice = z.infer<typeof slice>;
export type RawSource = z.infer<typeof source>;
export type RawModule = z.infer<typeof moduleSchema>;
export type RawTokenizer = z.infer<typeof tokenizer>;
export type RawToken = z.infer<typeof token>;
