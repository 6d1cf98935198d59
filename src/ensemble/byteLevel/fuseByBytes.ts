/**
 * Causal models of different tokenizers as one model over bytes, exactly: each member tells its own
 * probability of the next byte over all its tokenizations of the text, and these distributions over 256
 * bytes and the end are fused. The result is a token model whose tokens are bytes, so all that runs
 * over tokens runs over it.
 *
 * How exact is for the settings to say: with `leastShare` 0 and no bound on `width` nothing is left out.
 * Prompts are read byte by byte, like all else: the text does not break between prompt and answer.
 */

import { badInput } from '../../errors.ts';
import type { Item, RequestOptions, TextScorer, TokenModel } from '../../model/languageModel.ts';
import type { ByteMember } from './byteMember.ts';
import type { ByteRule, FuseRows } from './byteRows.ts';
import { openByteStream } from './byteStream.ts';
import { byteTokenizer } from './byteTokenizer.ts';
import { END, OUTCOMES } from './outcomes.ts';
import type { BeamSettings } from './prune.ts';
import { type ByteScores, scoreBytes } from './scoreBytes.ts';

export interface ByteFusion {
  readonly next: TokenModel;
  /** Of texts as beginnings of longer ones; predictions are bytes. */
  readonly score: TextScorer;
  /** The same with the bounds of each member's own probability; `end` counts the end as well. */
  readonly certify: (
    items: readonly Item[],
    options?: RequestOptions & { readonly end?: boolean },
  ) => Promise<readonly ByteScores[]>;
}

export const DEFAULT_BEAM: BeamSettings = { width: 4, leastShare: 0.003 };

export function fuseByBytes(
  members: readonly ByteMember[],
  fuse: FuseRows,
  settings: Partial<BeamSettings> = {},
): ByteFusion {
  const rule: ByteRule = {
    members,
    fuse,
    settings: checkSettings({ ...DEFAULT_BEAM, ...settings }),
  };
  if (members.length === 0) throw badInput('byte-level fusion: there are no members');
  const certify: ByteFusion['certify'] = (items, { end = false, ...options } = {}) =>
    scoreBytes(
      rule,
      items.map((item) => textOf(item, end, options)),
      options,
    );
  return {
    next: byteTokenModel(rule),
    certify,
    score: {
      async scores(items, options) {
        const found = await certify(items, options);
        return found.map(({ logProbabilities }) => ({
          logProbability: logProbabilities.reduce((sum, x) => sum + x, 0),
          tokenCount: logProbabilities.length,
        }));
      },
    },
  };
}

function byteTokenModel(rule: ByteRule): TokenModel {
  return {
    kind: 'causal',
    tokenizer: byteTokenizer,
    vocabularySize: OUTCOMES,
    // Members count tokens, and how many bytes these have is the text's business.
    maxTokens: undefined,
    endTokens: [END],
    bannedTokens: [],
    defaults: {},
    start: (inputs, options) => openByteStream(rule, inputs, options),
    async continuationLogProbabilities(rows, options) {
      const scores = await scoreBytes(rule, rows, options);
      return scores.map(({ logProbabilities }) => logProbabilities);
    },
  };
}

function textOf(
  { text }: Item,
  end: boolean,
  { truncate }: RequestOptions,
): { input: number[]; continuation: number[] } {
  const bytes = byteTokenizer.encode(text);
  const kept = typeof truncate === 'number' ? bytes.slice(0, truncate) : bytes;
  return { input: [], continuation: end ? [...kept, END] : kept };
}

function checkSettings(settings: BeamSettings): BeamSettings {
  const { width, leastShare } = settings;
  if (!(width >= 1) || (Number.isFinite(width) && !Number.isInteger(width))) {
    throw badInput(`width: ${width} is not a positive integer`);
  }
  if (!(leastShare >= 0 && leastShare < 1)) {
    throw badInput(`leastShare: ${leastShare} is not from 0 to below 1`);
  }
  return settings;
}
