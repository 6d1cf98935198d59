import { describe, expect, it } from 'vitest';
import { FusionError } from '../../../src/errors.ts';
import { parseRecipes } from '../../../src/merge/recipe/parseRecipes.ts';

/** `name: models` lines to a file of several recipes; '-' is no name. */
function file(...stages: string[]): string {
  return stages
    .map((stage) => {
      const [name, models = ''] = stage.split(': ');
      const head = name === '-' ? '' : `name: ${name}\n`;
      const list = models.split(' ').map((model) => `- model: ${model}\n`);
      return `${head}merge_method: linear\nmodels:\n${list.join('')}`;
    })
    .join('---\n');
}

function names(text: string): (string | undefined)[] {
  return parseRecipes(text, 'r.yml').recipes.map((recipe) => recipe.name);
}

function messageOf(text: string): string {
  try {
    parseRecipes(text, 'r.yml');
  } catch (error) {
    if (error instanceof FusionError && error.code === 'bad_input') return error.message;
    throw error;
  }
  return 'no error';
}

describe('several recipes in one file', () => {
  it('come in the order of need, whatever the order of writing', () => {
    expect(names(file('-: two x', 'two: one y', 'one: x y'))).toEqual(['one', 'two', undefined]);
    expect(names(file('one: x y', 'two: one y', '-: two x'))).toEqual(['one', 'two', undefined]);
    expect(names(file('c: a b', 'b: x', 'a: x'))).toEqual(['b', 'a', 'c']);
  });

  it('keep lines of the whole file, and skip empty documents', () => {
    const text = `---\n${file('one: x', '-: one')}---\n`;
    expect(names(text)).toEqual(['one', undefined]);
    expect(
      messageOf(text.replace(/linear\nmodels:\n- model: one/, 'linear\nmodel:\n- model: one')),
    ).toBe('r.yml:8: unknown key "model"; did you mean "models"?');
  });

  it('may be used as a base model, with a LoRA, or for the tokenizer', () => {
    const text = `${file('-: x')}base_model: a+lora\ntokenizer_source: b\n---\n${file('a: x', 'b: y')}`;
    expect(parseRecipes(text, 'r.yml')).toMatchObject({ warnings: [] });
    expect(names(text)).toEqual(['a', 'b', undefined]);
  });

  it('warns of a recipe that is not used', () => {
    expect(parseRecipes(file('one: x', 'two: x', '-: two'), 'r.yml').warnings).toEqual([
      'r.yml:1: no other recipe uses "one"',
    ]);
  });

  it('does not look at names when there is one recipe', () => {
    expect(names(file('one: one'))).toEqual(['one']);
  });

  it.each([
    [
      'cycle',
      file('a: b', 'b: a', '-: a'),
      'r.yml:1: the recipes "a", "b" use each other in a circle',
    ],
    ['no end', file('a: b', 'b: a'), 'r.yml:1: the recipes "a", "b" use each other in a circle'],
    ['duplicate', file('a: x', 'a: y', '-: a'), 'r.yml:6: the name "a" is also used at r.yml:1'],
    [
      'two unnamed',
      file('-: x', '-: y'),
      'r.yml:5: a second recipe without a name; the first is at r.yml:1',
    ],
    [
      'two ends',
      file('a: x', 'b: x'),
      'r.yml:6: no other recipe uses "a" or "b", so either could be the final one; leave out the name of that one',
    ],
    [
      'similar',
      file('stage1: x', '-: stge1'),
      'r.yml:8: models[0].model: "stge1" is not the name of a recipe in this file; did you mean "stage1"? (for a folder, write "./stge1")',
    ],
    ['bad name', file('a/b: x'), 'r.yml:1: name: "a/b" is not a name; it must not hold / \\ @ +'],
  ])('refuses: %s', (_, text, message) => {
    expect(messageOf(text)).toBe(message);
  });

  it('takes a similar folder when it is written as a path', () => {
    expect(names(file('stage1: x', '-: stage1 ./stage2 org/stage1'))).toEqual([
      'stage1',
      undefined,
    ]);
  });
});
