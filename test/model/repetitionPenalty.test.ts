/** The penalty on logits, against transformers.js on the same exported graph and by hand. */

import { join } from 'node:path';
import { AutoModelForCausalLM } from '@huggingface/transformers';
import { afterAll, describe, expect, it } from 'vitest';
import { convertToOnnx } from '../../src/model/convert/convertToOnnx.ts';
import { generate } from '../../src/model/generate/generate.ts';
import { createRules } from '../../src/model/generate/rules.ts';
import { openOnnxFolder } from '../../src/model/onnxFolder.ts';
import { scratchFolder } from '../merge/scratch.ts';
import { familyFolder, tensorOf } from './exported.ts';

const { path: scratch, remove } = scratchFolder();
afterAll(remove);

const PROMPT = [107, 16, 54, 29, 78, 11, 99, 3];
const NEW_TOKENS = 24;

describe('a penalty on repetition', () => {
  it.each(['llama', 'gpt2'])('writes with %s what transformers.js does', async (name) => {
    const out = join(scratch, name);
    await convertToOnnx(familyFolder(scratch, name), out);
    const theirs = await AutoModelForCausalLM.from_pretrained(out, { dtype: 'fp32' });
    const ours = await openOnnxFolder(out, name);
    const model = { ...ours.next!, endTokens: [] };
    const written = new Set<string>();
    for (const penalty of [0.8, 1.1, 1.5]) {
      const rows = (await theirs.generate({
        inputs: tensorOf([PROMPT]),
        attention_mask: tensorOf([PROMPT.map(() => 1)]),
        generation_config: {
          max_new_tokens: NEW_TOKENS,
          do_sample: false,
          eos_token_id: null,
          repetition_penalty: penalty,
        },
      } as never)) as { tolist: () => bigint[][] };
      const wanted = rows.tolist()[0]!.slice(PROMPT.length).map(Number);
      const options = { repetitionPenalty: penalty, maxNewTokens: NEW_TOKENS } as const;
      const [greedy] = await generate(model, [PROMPT], { ...options, strategy: 'greedy' });
      const [drawn] = await generate(model, [PROMPT], { ...options, strategy: 'sample', topK: 1 });
      expect(greedy!.hypotheses[0]!.tokens).toEqual(wanted);
      expect(drawn!.hypotheses[0]!.tokens).toEqual(wanted);
      written.add(wanted.join());
    }
    expect(written.size).toBe(3);
    await ours.close();
    await theirs.dispose();
  });

  it('divides positive logits and multiplies negative ones, once each', () => {
    const logits = [2, -1, 0.5, 3];
    const z = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
    const rules = createRules(
      {
        bannedTokens: [],
        endTokens: [],
        minNewTokens: 0,
        forcedEndToken: undefined,
        repetitionPenalty: 2,
      },
      4,
    );
    const row = Float32Array.from(logits, (x) => x - z);
    const place = { prompt: [0, 1, 1], path: undefined, limit: 9 };
    const onLogits = rules(row, { ...place, logNormalizer: z });
    [1, -2, 0.5, 3].forEach((x, i) => {
      expect(onLogits[i]).toBeCloseTo(x - z, 6);
    });
    const onProbabilities = rules(row, { ...place, logNormalizer: undefined });
    [2 * (2 - z), 2 * (-1 - z), 0.5 - z, 3 - z].forEach((x, i) => {
      expect(onProbabilities[i]).toBeCloseTo(x, 5);
    });
  });
});
