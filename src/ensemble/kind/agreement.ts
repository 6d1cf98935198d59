/** `ensemble: agreement`, a beam search in which members agree on the text: agreement/agreementSearch.ts. */

import * as z from 'zod';
import { badInput } from '../../errors.ts';
import { requireAbility } from '../../model/abilities.ts';
import type { Item, RequestOptions } from '../../model/languageModel.ts';
import {
  type AgreedGeneration,
  type AgreedHypothesis,
  agreementSearch,
} from '../agreement/agreementSearch.ts';
import type { AgreementSettings } from '../agreement/settings.ts';
import type { Member } from '../member.ts';
import { generationDefaults, generationSchema } from './generation.ts';
import { defineKind } from './kind.ts';

/** Texts whose beams run side by side. */
const BATCH = 16;

type Search = (
  items: readonly Item[],
  settings: Partial<AgreementSettings>,
) => Promise<readonly AgreedGeneration[]>;

export const agreement = defineKind({
  name: 'agreement',
  summary: 'A beam search over the texts that all members can write, whatever their tokenizers.',
  tasks: ['translation', 'text-generation'],
  needsAll: true,
  keys: {
    generation: generationSchema,
    cells: z.int().min(1).optional().describe('Pairs of continuations looked at in a step; 2000.'),
  },
  create: (members, { generation, cells }) => {
    const own = { ...generationDefaults(generation), ...(cells === undefined ? {} : { cells }) };
    const search = searchBy(members, own);
    return {
      write: {
        async texts(items, options = {}) {
          const found: string[] = [];
          for (let start = 0; start < items.length; start += BATCH) {
            const part = items.slice(start, start + BATCH);
            const agreed = await search(part, requestOf(options));
            found.push(...agreed.map((each, i) => bestOf(each, part[i]!).text));
          }
          return found.map((text) => ({ text }));
        },
      },
      explain: async (item, options = {}) => {
        const hypotheses = own.beams ?? BEAMS;
        const [agreed] = await search([item], { ...requestOf(options), hypotheses });
        const best = bestOf(agreed!, item);
        const candidates = agreed!.hypotheses.map((each) => ({
          text: each.text,
          members: members.map(({ name }) => name),
          scores: scoresOf(members, each),
          isChosen: each === best,
        }));
        return { kind: 'texts', text: best.text, candidates };
      },
    };
  },
});

const BEAMS = 4;

function searchBy(members: readonly Member[], own: Partial<AgreementSettings>): Search {
  const models = members.map(({ model, weight }) => {
    return { model: requireAbility(model, 'next'), weight };
  });
  return (items, settings) =>
    agreementSearch(
      models,
      items.map(({ text }) => ({
        inputs: models.map(({ model }) => model.tokenizer.encode(text)),
      })),
      { ...own, ...settings },
    );
}

function requestOf({ signal, truncate }: RequestOptions): Partial<AgreementSettings> {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(truncate === undefined ? {} : { truncate }),
  };
}

function bestOf({ hypotheses }: AgreedGeneration, { id }: Item): AgreedHypothesis {
  const [best] = hypotheses;
  if (best) return best;
  throw badInput(`item "${id}": the members agree on no text within their lengths and beams`);
}

function scoresOf(members: readonly Member[], { score, members: own }: AgreedHypothesis) {
  const sums = members.map(({ name }, i) => [`log p, ${name}`, own[i]!.sumLogProb] as const);
  return { score, ...Object.fromEntries(sums) };
}
