/** A decoder of today's kind with its head, and without: what it writes, or its states alone. */

import type { Config } from '../config.ts';
import { buildDecoder, type DecoderSpec } from '../decoder.ts';
import type { Family } from './family.ts';

const PREFIXES = ['model.'];

/** @param name such as `Llama`, of which there are LlamaForCausalLM and LlamaModel */
export function decoderFamily(
  name: string,
  specOf: (config: Config) => DecoderSpec,
  headless = `${name}Model`,
): readonly Family[] {
  return [
    {
      architectures: [`${name}ForCausalLM`],
      task: 'causal',
      prefixes: PREFIXES,
      build: (g, config) => buildDecoder(g, specOf(config)),
    },
    {
      architectures: [headless],
      task: 'features',
      prefixes: PREFIXES,
      build: (g, config) => buildDecoder(g, { ...specOf(config), isHeadless: true }),
    },
  ];
}
