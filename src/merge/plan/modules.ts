/**
 * The parts of a model that a recipe's `modules` name. `default` is whatever no other module claims;
 * other names are mergekit's words for the parts of composite models, or tensor-name prefixes.
 */

import { badInput } from '../../errors.ts';
import type { Recipe, RecipeModule } from '../recipe/recipe.ts';
import type { LoadedModel } from './loadedModel.ts';

export interface ModuleScope {
  readonly module: RecipeModule;
  /** Whether a tensor name belongs to the module. */
  readonly claims: (name: string) => boolean;
}

const KNOWN_PARTS: Readonly<Record<string, RegExp>> = {
  text_decoder: /^((model\.)?language_model\.|text_model\.|model\.text_model\.|lm_head\.)/,
  vision_tower: /^(model\.)?(vision_tower|vision_model|visual)\./,
  multi_modal_projector: /^(model\.)?(multi_modal_projector|mm_projector|connector)\./,
  encoder: /^(model\.)?encoder\./,
  decoder: /^(model\.)?decoder\./,
};

export function moduleScopes(recipe: Recipe, reference: LoadedModel): ModuleScope[] {
  const named = recipe.modules.filter((module) => module.name !== 'default');
  const claims = new Map(named.map((module) => [module, claimOf(module.name)]));
  const names = [...reference.checkpoint.tensors.keys()];
  for (const [module, claim] of claims) {
    if (names.some(claim)) continue;
    throw badInput(
      `module "${module.name}": no tensor of ${reference.reference} belongs to it; ` +
        `known parts: default, ${Object.keys(KNOWN_PARTS).join(', ')}, or a prefix of tensor names`,
    );
  }
  return recipe.modules.map((module) => {
    const claim = claims.get(module);
    const rest = (name: string) => ![...claims.values()].some((taken) => taken(name));
    return { module, claims: claim ?? rest };
  });
}

function claimOf(name: string): (tensorName: string) => boolean {
  const known = KNOWN_PARTS[name];
  if (known) return (tensorName) => known.test(tensorName);
  return (tensorName) => tensorName.startsWith(name.endsWith('.') ? name : `${name}.`);
}
