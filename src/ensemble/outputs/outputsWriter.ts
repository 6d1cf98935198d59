/**
 * Fusion of whole outputs: the members write, and one of their texts is chosen, by minimum Bayes risk
 * (mbr.ts) or by a linear model over features (rerank.ts). Members need no common vocabulary, nor any
 * tokens at all. Nothing comes out that no member wrote: for that, fuse their distributions.
 */

import type { Writer } from '../../model/languageModel.ts';
import { explainOutputs } from './explainOutputs.ts';
import type { OutputMember } from './gatherCandidates.ts';
import { assertOutputsSettings, type OutputsSettings } from './outputsSettings.ts';

/**
 * Settings are checked at once, members are asked when texts are. A chosen text has no log-probability:
 * its member's is not that of the fusion.
 */
export function outputsWriter(members: readonly OutputMember[], settings: OutputsSettings): Writer {
  assertOutputsSettings(members, settings);
  return {
    texts: async (items, options) => {
      const outputs = await explainOutputs(members, settings, items, options);
      return outputs.map(({ text }) => ({ text }));
    },
  };
}
