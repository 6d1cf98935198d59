import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { MERGE_METHODS } from '../../../src/merge/method/registry.ts';
import { recipeJsonSchema } from '../../../src/merge/recipe/jsonSchema.ts';
import { readGoldenRecipes } from './golden.ts';

const schema = recipeJsonSchema({
  methods: Object.fromEntries(MERGE_METHODS.map(({ name }) => [name, `Merges by ${name}.`])),
  parameters: { weight: 'How much of the model.' },
});
const validate = new Ajv2020({
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
}).compile(schema);

function accepts(text: string): boolean {
  return validate(parse(text, { merge: true }));
}

describe('recipeJsonSchema', () => {
  it.each(readGoldenRecipes())('accepts $name', ({ text }) => {
    expect(accepts(text)).toBe(true);
  });

  it('accepts the other spellings', () => {
    expect(
      accepts(`
merge_method: linear
parameters:
modules:
  text:
    slices: [{sources: [{model: {model: {path: a}}, layer_range: ["0", 4]}], residual_weight: 0}]
tokenizer:
  tokens: {a: {source: {kind: zero}, force: yes}, b: {source: b}, c: }
`),
    ).toBe(true);
  });

  it.each([
    ['unknown key', 'merge_method: linear\nmodels: [{model: a}]\nmodel: 1'],
    ['unknown key below', 'merge_method: linear\nmodels: [{model: a, paramters: {}}]'],
    ['no form', 'merge_method: linear'],
    ['two forms', 'merge_method: linear\nmodels: [{model: a}]\nslices: [{sources: [{model: a}]}]'],
    ['no method', 'models: [{model: a}]'],
    ['an unknown method', 'merge_method: linaer\nmodels: [{model: a}]'],
    ['a bad value', 'merge_method: linear\nmodels: [{model: a, parameters: {weight: {x: 1}}}]'],
    [
      'a bad value of an unlisted parameter',
      'merge_method: linear\nparameters: {x: {y: 1}}\nmodels: [{model: a}]',
    ],
  ])('rejects: %s', (_, text) => {
    expect(accepts(text)).toBe(false);
  });

  it('describes every key, and the parameters passed in', () => {
    const missing: string[] = [];
    let properties = 0;
    visit(schema, '', (path, node) => {
      for (const [key, value] of Object.entries(node)) {
        properties++;
        if (!isObject(value) || typeof value.description !== 'string')
          missing.push(`${path}.${key}`);
      }
    });
    expect(missing).toEqual([]);
    expect(properties).toBeGreaterThan(35);
    expect(JSON.stringify(schema)).toContain(
      '"weight":{"$ref":"#/$defs/parameterSetting","description":"How much of the model."}',
    );
    expect(JSON.stringify(schema)).toContain(
      '{"const":"linear","description":"Merges by linear."}',
    );
  });

  it('does not keep words between calls', () => {
    expect(JSON.stringify(recipeJsonSchema())).not.toContain('How much of the model');
  });
});

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function visit(
  node: unknown,
  path: string,
  onProperties: (path: string, properties: object) => void,
) {
  if (!isObject(node)) return;
  if (isObject(node.properties)) onProperties(path, node.properties);
  for (const [key, value] of Object.entries(node)) visit(value, `${path}/${key}`, onProperties);
}
