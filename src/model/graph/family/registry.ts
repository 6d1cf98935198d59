/** All families, by the architectures that config.json names. */

import type { JsonObject } from '../../../checkpoint/checkpoint.ts';
import { badInput } from '../../../errors.ts';
import { bart } from './bart.ts';
import { bert } from './bert.ts';
import { distilbert } from './distilbert.ts';
import { experts } from './experts.ts';
import type { Family } from './family.ts';
import { gemma } from './gemma.ts';
import { gpt2 } from './gpt2.ts';
import { llama } from './llama.ts';
import { phi3 } from './phi3.ts';
import { t5 } from './t5.ts';

const FAMILIES: readonly Family[] = [
  ...bert,
  ...distilbert,
  ...gpt2,
  ...llama,
  ...gemma,
  ...phi3,
  ...experts,
  ...bart,
  ...t5,
];

const BY_ARCHITECTURE = new Map(
  FAMILIES.flatMap((family) => family.architectures.map((name) => [name, family] as const)),
);

export const ARCHITECTURES: readonly string[] = [...BY_ARCHITECTURE.keys()].sort();

/** @param subject the model, for messages */
export function familyOf(config: JsonObject, subject: string): Family {
  const listed = Array.isArray(config.architectures) ? config.architectures : [];
  for (const name of listed) {
    const family = typeof name === 'string' ? BY_ARCHITECTURE.get(name) : undefined;
    if (family) return family;
  }
  const named = listed.length > 0 ? `"${listed.join('", "')}"` : 'none';
  throw badInput(
    `${subject}: the architecture ${named} cannot be run (these can: ${ARCHITECTURES.join(', ')})`,
  );
}
