/** Two trained translators as members; needs ../shared. How good the choices are is no test's matter. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ItemCandidates } from '../../../src/ensemble/outputs/candidate.ts';
import {
  gatherCandidates,
  type OutputMember,
} from '../../../src/ensemble/outputs/gatherCandidates.ts';
import { decideByMbr } from '../../../src/ensemble/outputs/mbr.ts';
import { memberScores } from '../../../src/ensemble/outputs/memberScores.ts';
import { outputsWriter } from '../../../src/ensemble/outputs/outputsWriter.ts';
import { openCheckpointModel } from '../../../src/model/checkpointModel.ts';
import { chrf } from '../../../src/task/metrics/chrf.ts';
import { worstError } from '../../model/family.ts';

const SHARED = join(import.meta.dirname, '../../../../shared');
const NAMES = ['marian-de-en-a', 'marian-de-en-b'];
const ITEM_COUNT = 12;
/** Its max_length of 60 counts the start token. */
const CANDIDATES = { best: 4, maxNewTokens: 59 };

describe.skipIf(!existsSync(join(SHARED, 'models')))(
  'translators (skipped without ../shared)',
  () => {
    const members: OutputMember[] = [];
    const items = existsSync(SHARED) ? readItems() : [];
    let candidates: readonly ItemCandidates[] = [];

    beforeAll(async () => {
      for (const name of NAMES) {
        members.push({ model: await openCheckpointModel(join(SHARED, 'models', name), name) });
      }
      candidates = await gatherCandidates(members, items, CANDIDATES);
    });
    afterAll(async () => {
      for (const { model } of members) await model.close();
    });

    it('propose first what transformers found by the same search', () => {
      for (const [m, name] of NAMES.entries()) {
        const path = join(SHARED, 'models', name, 'reference.json');
        const wanted = JSON.parse(readFileSync(path, 'utf8')).hypotheses_beam4.slice(0, ITEM_COUNT);
        expect(candidates.map((list) => list[4 * m]!.text)).toEqual(wanted);
        expect(candidates.map((list) => list[4 * m]!.member)).toEqual(wanted.map(() => name));
      }
    });

    it('score their own texts as when they wrote them, where the tokens are the same', async () => {
      let [same, all] = [0, 0];
      for (const { model } of members) {
        const scores = await memberScores(model, items, candidates);
        candidates.forEach((list, i) => {
          for (const [k, { member, logProbability, tokenCount }] of list.entries()) {
            if (member !== model.name) continue;
            all++;
            if (scores[i]![k]!.tokenCount !== tokenCount) continue;
            same++;
            const found = Float32Array.of(scores[i]![k]!.logProbability);
            expect(worstError(found, [logProbability!], 1)).toBeLessThan(1);
          }
        });
      }
      expect(all).toBe(8 * ITEM_COUNT);
      expect(same / all).toBeGreaterThan(0.9);
    });

    it('are fused by what they wrote', async () => {
      const mbr = { utility: chrf() };
      const settings = { method: 'mbr', mbr, candidates: CANDIDATES } as const;
      const texts = await outputsWriter(members, settings).texts(items);
      const chosen = candidates.map((list) => list[decideByMbr(list, mbr).choice]!.text);
      expect(texts.map(({ text }) => text)).toEqual(chosen);
    });
  },
);

function readItems() {
  const lines = readFileSync(join(SHARED, 'data/multi30k/test2016.tsv'), 'utf8').split('\n');
  return lines.slice(1, ITEM_COUNT + 1).map((line, i) => {
    return { id: String(i), text: line.split('\t')[0]! };
  });
}
