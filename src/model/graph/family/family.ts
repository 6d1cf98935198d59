/** What a family of architectures is: names, and a graph made of a config. */

import type { Config } from '../config.ts';
import type { GraphBuilder } from '../graph.ts';

/**
 * `causal` continues a text, `sequence_to_sequence` reads one and writes another,
 * `sequence_classification` labels it, `masked` fills gaps, `features` describes it.
 */
export type FamilyTask =
  | 'causal'
  | 'sequence_to_sequence'
  | 'sequence_classification'
  | 'masked'
  | 'features';

export interface Family {
  /** As config.json has them. */
  readonly architectures: readonly string[];
  readonly task: FamilyTask;
  /** Of tensor names, which some files leave out. */
  readonly prefixes: readonly string[];
  /** `part` is of sequence-to-sequence models, which are two graphs. */
  readonly build: (g: GraphBuilder, config: Config, part: 'encoder' | 'decoder' | 'whole') => void;
}
