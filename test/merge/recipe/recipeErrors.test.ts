import { describe, expect, it } from 'vitest';
import { FusionError } from '../../../src/errors.ts';
import { parseRecipes } from '../../../src/merge/recipe/parseRecipes.ts';

function messageOf(text: string): string {
  try {
    parseRecipes(text, 'recipe.yml');
  } catch (error) {
    if (error instanceof FusionError && error.code === 'bad_input') return error.message;
    throw error;
  }
  return 'no error';
}

const model = (...lines: string[]) =>
  ['merge_method: linear', 'models:', '- model: a', ...lines.map((line) => `  ${line}`)].join('\n');
const withParameter = (text: string) => model('parameters:', `  t: ${text}`);
const slices = (...ranges: string[]) =>
  ['merge_method: slerp', 'slices:', '- sources:']
    .concat(
      ranges.flatMap((range, i) => [`  - model: m${i}`, range && `    layer_range: ${range}`]),
    )
    .filter(Boolean)
    .join('\n');
const withTop = (line: string) => `${model()}\n${line}`;
const withToken = (source: string) => withTop(`tokenizer: {tokens: {"<a>": {source: ${source}}}}`);

describe('a recipe that is wrong', () => {
  it.each<[string, string]>([
    // The file
    ['', 'recipe.yml: the file holds no recipe'],
    ['# nothing', 'recipe.yml: the file holds no recipe'],
    ['hello', 'recipe.yml:1: expected a mapping, got the text "hello"'],
    ['- a', 'recipe.yml:1: expected a mapping, got a list'],
    [
      'a: b: c',
      'recipe.yml:1: not valid YAML: Nested mappings are not allowed in compact mappings',
    ],
    ['a: 1\na: 2', 'recipe.yml:2: key "a" appears twice, first in line 1'],
    ['a: *x', 'recipe.yml:1: alias "x" has no anchor before it'],
    ['? [a]\n: 1', 'recipe.yml:1: a key has to be plain text'],
    ['<<: 1', 'recipe.yml:1: a merge key "<<" takes a mapping or a list of mappings'],
    ['__proto__: 1', 'recipe.yml:1: the key "__proto__" is not allowed'],
    [
      'a: !!python/object/apply:os.system [x]',
      'recipe.yml:1: not valid YAML: Unresolved tag: tag:yaml.org,2002:python/object/apply:os.system',
    ],
    // Keys
    [
      'merge_method: linear\n\nmodels:\n  - paramters: {weight: 1}\n    model: a',
      'recipe.yml:4: unknown key "paramters" in models[0]; did you mean "parameters"?',
    ],
    [
      'merge_metod: linear',
      'recipe.yml:1: unknown key "merge_metod"; did you mean "merge_method"?',
    ],
    [
      model('weight: 1'),
      'recipe.yml:4: unknown key "weight" in models[0]; known keys: model, parameters',
    ],
    ['models:\n- model: a', 'recipe.yml:1: missing key "merge_method"'],
    [
      'merge_method: linear\nmodels:\n- parameters:',
      'recipe.yml:3: missing key "model" in models[0]',
    ],
    ['merge_method: 3\nmodels: [{model: a}]', 'recipe.yml:1: merge_method: expected text, got 3'],
    // Forms
    [
      'merge_method: linear',
      'recipe.yml:1: exactly one of models, slices, modules is needed; none is given',
    ],
    [
      withTop('slices: [{sources: [{model: a}]}]'),
      'recipe.yml:4: slices: exactly one of models, slices, modules is needed; models and slices are given',
    ],
    [
      'merge_method: linear\nmodules:\n  text: {}',
      'recipe.yml:3: modules.text: exactly one of models, slices is needed; none is given',
    ],
    ['merge_method: linear\nmodules: {}', 'recipe.yml:2: modules: no module is given'],
    ['merge_method: linear\nmodels: []', 'recipe.yml:2: models: the list is empty'],
    [
      'merge_method: linear\nmodels: {a: 1}',
      'recipe.yml:2: models: expected a list, got a mapping',
    ],
    [
      'merge_method: linear\nslices: [{sources: []}]',
      'recipe.yml:2: slices[0].sources: the list is empty',
    ],
    // Models
    [
      'merge_method: linear\nmodels: [{model: 5}]',
      'recipe.yml:2: models[0].model: expected a model name (a folder, or org/name[@revision]), got 5',
    ],
    [
      'merge_method: linear\nmodels: [{model: ""}]',
      'recipe.yml:2: models[0].model: expected a model name, got empty text',
    ],
    [
      'merge_method: linear\nmodels: [{model: {path: a}}]',
      'recipe.yml:2: unknown key "path" in models[0].model; known keys: model, lora',
    ],
    // Parameters
    [
      withParameter('{x: 1}'),
      'recipe.yml:5: unknown key "x" in models[0].parameters.t; known keys: filter, value',
    ],
    [
      withParameter('[{fitler: mlp, value: 1}]'),
      'recipe.yml:5: unknown key "fitler" in models[0].parameters.t[0]; did you mean "filter"?',
    ],
    [
      withParameter('[{filter: mlp, vlaue: 1}]'),
      'recipe.yml:5: unknown key "vlaue" in models[0].parameters.t[0]; did you mean "value"?',
    ],
    [
      withParameter('[{filter: mlp}]'),
      'recipe.yml:5: missing key "value" in models[0].parameters.t[0]',
    ],
    [
      withParameter('[0.5, half]'),
      'recipe.yml:5: models[0].parameters.t[1]: expected a number, got the text "half"',
    ],
    [
      withParameter('.nan'),
      'recipe.yml:5: models[0].parameters.t: expected a number, true, false, a list of numbers (a gradient), or a list of {filter, value}, got NaN',
    ],
    [
      withParameter(''),
      'recipe.yml:5: models[0].parameters.t: expected a number, true, false, a list of numbers (a gradient), or a list of {filter, value}, got nothing',
    ],
    [
      withParameter('[{value: [0, [1]]}]'),
      'recipe.yml:5: models[0].parameters.t[0].value[1]: expected a number, got a list',
    ],
    [
      withParameter('[{filter: /layers.(/, value: 1}]'),
      'recipe.yml:5: models[0].parameters.t[0]: filter "/layers.(/": missing closing ): `layers.(`',
    ],
    [
      model('parameters: [1]'),
      'recipe.yml:4: models[0].parameters: expected a mapping, got a list',
    ],
    // Layer ranges
    [
      slices('[4, 4]'),
      'recipe.yml:5: slices[0].sources[0].layer_range: [4, 4] is empty; the end of a range is not included',
    ],
    [
      slices('[8, 4]'),
      'recipe.yml:5: slices[0].sources[0].layer_range: [8, 4] is reversed; a range is [start, end)',
    ],
    [slices('[-1, 4]'), 'recipe.yml:5: slices[0].sources[0].layer_range: [-1, 4] begins below 0'],
    [
      slices('["0.5", 4]'),
      'recipe.yml:5: slices[0].sources[0].layer_range: [0.5, 4] is not whole numbers',
    ],
    [
      slices('[0.5, 4]'),
      'recipe.yml:5: slices[0].sources[0].layer_range[0]: expected a whole number, got 0.5',
    ],
    [
      slices('0-16'),
      'recipe.yml:5: slices[0].sources[0].layer_range: expected [start, end], got the text "0-16"',
    ],
    [
      slices('[1]'),
      'recipe.yml:5: slices[0].sources[0].layer_range: expected [start, end], got a list',
    ],
    [
      slices('[0, 4]', '[0, 3]'),
      'recipe.yml:6: slices[0].sources[1]: layer_range [0, 3] (3 layers), but sources[0] has layer_range [0, 4] (4 layers)',
    ],
    [
      slices('[0, 4]', ''),
      'recipe.yml:6: slices[0].sources[1]: no layer_range, but sources[0] has layer_range [0, 4] (4 layers)',
    ],
    // The rest
    [
      withTop('dtype: int8'),
      'recipe.yml:4: dtype: unknown dtype "int8"; known: float32, float16, bfloat16, float64',
    ],
    [
      withTop('tokenizer_source: base\ntokenizer: {source: base}'),
      'recipe.yml:4: tokenizer_source: tokenizer and tokenizer_source are both given; keep one',
    ],
    [
      withTop('tokenizer: {source: base, pad_to_multiple_of: 0}'),
      'recipe.yml:4: tokenizer.pad_to_multiple_of: expected a whole number above 0, got 0',
    ],
    [
      withToken('{kind: model_token, model: b}'),
      'recipe.yml:4: tokenizer.tokens["<a>"].source: exactly one of token and token_id is needed; neither is given',
    ],
    [
      withToken('{kind: model_token, model: b, token: c, token_id: 1}'),
      'recipe.yml:4: tokenizer.tokens["<a>"].source: exactly one of token and token_id is needed; both are given',
    ],
    [
      withToken('{kind: zreo}'),
      'recipe.yml:4: tokenizer.tokens["<a>"].source: expected a model, {kind: model_token, model, token}, or {kind: zero}, got a mapping',
    ],
    [
      withTop('chat_template: chatlm'),
      'recipe.yml:4: chat_template: unknown template "chatlm"; known: auto, alpaca, chatml, llama3, mistral, exaone, or a Jinja template',
    ],
  ])('%j', (text, message) => {
    expect(messageOf(text)).toBe(message);
  });
});
