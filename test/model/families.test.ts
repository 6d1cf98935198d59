/** The graphs of all families against what transformers computes from the same checkpoints. */

import { describe, expect, it } from 'vitest';
import { feedsOf, openGraph, readReference, worstError } from './family.ts';

const CONFIGS = ['config.json', 'config.v4.json'];
const WHOLE = [
  ...['bert', 'bert-bf16', 'bert-mlm', 'bert-mlm-hub-names', 'roberta', 'distilbert'],
  ...['gpt2', 'gpt2-hub-names', 'llama', 'llama-bf16', 'llama3-tied', 'mistral', 'qwen2', 'qwen3'],
  ...['gemma', 'gemma2', 'gemma3', 'gemma3-linear', 'phi3', 'phi3-longrope'],
  ...['mixtral', 'qwen2_moe', 'qwen3_moe'],
];

describe.each(WHOLE)('%s', (name) => {
  it.each(CONFIGS)('computes the logits and states of the reference, by %s', async (config) => {
    const opened = await openGraph(name, config);
    for (const given of readReference(name).cases) {
      const out = await opened.session.run(feedsOf(opened, given));
      const { logits, last_hidden_state: states } = out;
      const width = logits!.dims.at(-1)!;
      const worst = worstError(logits!.data as Float32Array, given.logits, width);
      expect(worst, `${given.name}: logits`).toBeLessThan(1);
      if (!given.last_hidden_state) continue;
      const error = worstError(states!.data as Float32Array, given.last_hidden_state, 0);
      expect(error, `${given.name}: states`).toBeLessThan(1);
    }
  });
});
