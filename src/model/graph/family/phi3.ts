/** Phi-3: Llama with fused projections. Abdin et al., 2024 (arXiv 2404.14219). */

import type { Config } from '../config.ts';
import type { DecoderSpec } from '../decoder.ts';
import { activation, linear } from '../layers.ts';
import { multiply, split } from '../operators.ts';
import { decoderFamily } from './decoderFamily.ts';
import { llamaSpec } from './llama.ts';

export const phi3 = decoderFamily('Phi3', phi3Spec);

function phi3Spec(config: Config): DecoderSpec {
  const inner = config.number('intermediate_size');
  const name = config.string('hidden_act', 'silu');
  const spec = llamaSpec(config, { attention: { isFused: true } });
  const { width } = spec;
  return {
    ...spec,
    mlp(g, x, prefix) {
      const both = linear(g, x, `${prefix}.mlp.gate_up_proj`, [2 * inner, width], false);
      const [gate, up] = split(g, both, [inner, inner]);
      const mixed = multiply(g, activation(g, gate!, name), up!);
      return linear(g, mixed, `${prefix}.mlp.down_proj`, [width, inner], false);
    },
  };
}
