/**
 * The recipe format as a JSON Schema, for completion, hover help and checks in editors.
 *
 * Parameter names stay open, as methods differ in them; those that are passed in get descriptions.
 * Methods that are passed in are the only ones.
 */

import * as z from 'zod';
import { parameters, recipeSchema } from './schema.ts';

export interface RecipeSchemaWords {
  /** Merge methods, each with what to say of it. */
  readonly methods?: Readonly<Record<string, string>>;
  /** Parameters of the methods, each with what to say of it. */
  readonly parameters?: Readonly<Record<string, string>>;
}

export function recipeJsonSchema(words: RecipeSchemaWords = {}): object {
  const methods = Object.entries(words.methods ?? {});
  const schema = z.toJSONSchema(recipeSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === parameters) jsonSchema.properties = parameterProperties(words);
      if (zodSchema === recipeSchema.shape.merge_method && methods.length > 0) {
        jsonSchema.anyOf = methods.map(([name, description]) => ({ const: name, description }));
      }
    },
  });
  return {
    ...schema,
    title: 'lmfuse merge recipe',
    description: 'A model merge, in the format of mergekit.',
    oneOf: ['models', 'slices', 'modules'].map((form) => ({ required: [form] })),
  };
}

function parameterProperties(
  words: RecipeSchemaWords,
): Record<string, z.core.JSONSchema.BaseSchema> {
  const entries = Object.entries(words.parameters ?? {}).map(
    ([name, description]) => [name, { $ref: '#/$defs/parameterSetting', description }] as const,
  );
  return Object.fromEntries(entries);
}
