/**
 * A recipe that has the right keys and types to the planner's form, and the rules that span keys.
 *
 * Neither methods nor models are known here.
 */

import { placeOf, problemAt } from '../../recipe/problem.ts';
import { type MergeableDtype, parseRecipeDtype } from '../../tensor/dtype.ts';
import { basePart, type Context, formOf, located, parameterPart, warn } from './context.ts';
import { defaultModule, namedModules } from './modules.ts';
import type { Recipe } from './recipe.ts';
import type { RawRecipe } from './schema.ts';
import { parseTokenizer } from './tokenizerSetting.ts';

const FORMS = ['models', 'slices', 'modules'] as const;
const CHAT_TEMPLATES = ['auto', 'alpaca', 'chatml', 'llama3', 'mistral', 'exaone'];

export function normaliseRecipe(context: Context, raw: RawRecipe): Recipe {
  const form = formOf(context, [], raw, FORMS);
  const tokenizer = parseTokenizer(context.document, raw);
  const dtype = parseDtype(context, raw, 'dtype');
  const outDtype = parseDtype(context, raw, 'out_dtype');
  const chatTemplate = parseChatTemplate(context, raw);
  if (typeof raw.random_seed === 'number' || typeof raw.random_seed === 'string') {
    warn(context, ['random_seed'], 'has no effect; the seed is an option of the command');
  }
  const { parameters } = parameterPart(context, [], raw.parameters);
  return located(context, [], {
    ...(raw.name ? { name: parseName(context, raw.name) } : {}),
    mergeMethod: raw.merge_method,
    ...basePart(raw.base_model),
    modules: form === 'modules' ? namedModules(context, raw) : [defaultModule(context, raw, form)],
    form,
    parameters,
    ...(dtype ? { dtype } : {}),
    ...(outDtype ? { outDtype } : {}),
    ...(tokenizer ? { tokenizer } : {}),
    ...(chatTemplate ? { chatTemplate } : {}),
  });
}

function parseDtype(
  context: Context,
  raw: RawRecipe,
  key: 'dtype' | 'out_dtype',
): MergeableDtype | undefined {
  const name = raw[key];
  if (!name) return undefined;
  return parseRecipeDtype(name, placeOf(context.document, [key]));
}

/** Other recipes use the name as a model, and an output folder may carry it. */
function parseName(context: Context, name: string): string {
  if (!/[/\\@+]/.test(name) && !/^\.*$/.test(name)) return name;
  const message = `${JSON.stringify(name)} is not a name; it must not hold / \\ @ +`;
  throw problemAt(context.document, ['name'], message);
}

function parseChatTemplate(context: Context, raw: RawRecipe): string | undefined {
  const template = raw.chat_template;
  if (!template) return undefined;
  if (CHAT_TEMPLATES.includes(template) || template.includes('{')) return template;
  const message = `unknown template ${JSON.stringify(template.slice(0, 80))}; known: ${CHAT_TEMPLATES.join(', ')}, or a Jinja template`;
  throw problemAt(context.document, ['chat_template'], message);
}
