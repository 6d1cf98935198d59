/** What a model can do, in words, and the sentence for what it cannot. */

import { badInput } from '../errors.ts';
import type { LanguageModel } from './languageModel.ts';

const ABILITIES = {
  classify: 'label texts',
  next: 'continue texts token by token',
  score: 'score texts',
  embed: 'embed texts',
  respond: 'answer prompts',
  write: 'write texts',
} as const;

export type Ability = keyof typeof ABILITIES;

/** The capability, or an error on what the model can do instead. */
export function requireAbility<Name extends Ability>(
  model: LanguageModel,
  name: Name,
): NonNullable<LanguageModel[Name]> {
  const found = model[name];
  if (found) return found as NonNullable<LanguageModel[Name]>;
  const able = (Object.keys(ABILITIES) as Ability[]).filter((each) => model[each]);
  const can = able.map((each) => ABILITIES[each]).join(', ') || 'nothing of the kind';
  throw badInput(`${model.name}: cannot ${ABILITIES[name]} (it can: ${can})`);
}
