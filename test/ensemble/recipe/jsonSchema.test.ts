import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ENSEMBLE_KINDS } from '../../../src/ensemble/kind/registry.ts';
import { fusionJsonSchema } from '../../../src/ensemble/recipe/jsonSchema.ts';
import { parseFusion } from '../../../src/ensemble/recipe/parseFusion.ts';
import { blocks, isFusion, PAGES } from '../../documents.ts';

const schema = fusionJsonSchema();
const validate = new Ajv2020({
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
}).compile(schema);

const accepts = (text: string): boolean => validate(parse(text));

const recipes = PAGES.flatMap((page) => blocks(page, 'yaml').filter(isFusion));
const minimal = (kind: string, more = '') => `ensemble: ${kind}\nmembers: [{model: a}]\n${more}`;

describe('fusionJsonSchema', () => {
  it('accepts the recipes of the documents', () => {
    expect(recipes.length).toBeGreaterThan(5);
    expect(recipes.filter((text) => !accepts(text))).toEqual([]);
  });

  it.each(ENSEMBLE_KINDS.map(({ name }) => name))('accepts %s', (kind) => {
    expect(accepts(minimal(kind, 'on_failure: {quorum: 1}\n'))).toBe(true);
  });

  it('accepts what fit writes', () => {
    const fitted = 'fitted: {data: dev.tsv, sha256: abc, items: 40, loss: log_loss}\nfloor: 1e-12';
    expect(accepts(minimal('log_linear', fitted))).toBe(true);
  });

  it.each([
    ['an unknown key', minimal('linear', 'member: 1')],
    ['a key of another kind', minimal('linear', 'floor: 0.1')],
    ['an unknown key of a member', 'ensemble: linear\nmembers: [{model: a, wieght: 1}]'],
    ['an unknown key below', minimal('linear', 'generation: {beam: 4}')],
    ['an unknown key of weights', minimal('linear', 'weights: {fit: dev.tsv, metrics: bleu}')],
    ['no members', 'ensemble: linear'],
    ['an empty list of members', 'ensemble: linear\nmembers: []'],
    ['no kind', 'members: [{model: a}]'],
    ['an unknown kind', minimal('liner')],
    ['a bad value', minimal('log_linear', 'floor: 1')],
    ['a bad policy', minimal('linear', 'on_failure: ignore')],
  ])('rejects %s, as the parser does', (_, text) => {
    expect(accepts(text)).toBe(false);
    expect(() => parseFusion(text, 'recipe.yml')).toThrow(/recipe\.yml/);
  });

  it('describes every key', () => {
    const found = propertiesOf(schema);
    expect(found.length).toBeGreaterThan(100);
    expect(found.filter(([, value]) => typeof value.description !== 'string')).toEqual([]);
  });
});

type Properties = Readonly<Record<string, { readonly description?: unknown }>>;

/** All named properties of a schema, wherever they are. */
function propertiesOf(node: unknown): [string, { readonly description?: unknown }][] {
  if (typeof node !== 'object' || node === null) return [];
  const own: Properties = 'properties' in node ? (node.properties as Properties) : {};
  return [...Object.entries(own), ...Object.values(node).flatMap(propertiesOf)];
}
