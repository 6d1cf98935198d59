/**
 * Texts of bytes that several members read together: beams of each member for each text, and the
 * fusion of what they say of the next byte.
 */

import type { RequestOptions } from '../../model/languageModel.ts';
import type { ByteMember } from './byteMember.ts';
import { type KnownText, type MemberBeams, openBeams } from './memberBeams.ts';
import { nextBytes } from './nextBytes.ts';
import { OUTCOMES } from './outcomes.ts';
import type { Beam, BeamSettings } from './prune.ts';

/**
 * Makes the members' distributions one. `rows` are [members][257] log-probabilities of the 256 bytes
 * and the end, `out` is [257]. `heard` are the members' log-probabilities of the text so far, for pools
 * whose weights follow the text.
 */
export type FuseRows = (
  rows: readonly Float64Array[],
  out: Float64Array,
  heard: readonly number[],
) => void;

export interface ByteRule {
  readonly members: readonly ByteMember[];
  readonly fuse: FuseRows;
  readonly settings: BeamSettings;
}

export interface ByteRow {
  /** Of each member. */
  readonly beams: readonly Beam[];
  /** [members][257] */
  readonly said: readonly Float64Array[];
  /** Of each member: log P(text so far | what was given). */
  readonly heard: readonly number[];
  /** [257] */
  readonly fused: Float64Array;
}

export interface ByteRows {
  readonly start: (texts: readonly KnownText[]) => Promise<readonly ByteRow[]>;
  /** Text i of the result is row i and a byte; rows may be named twice. */
  readonly feed: (
    rows: readonly ByteRow[],
    bytes: readonly number[],
  ) => Promise<readonly ByteRow[]>;
  readonly close: () => void;
}

export function openByteRows(rule: ByteRule, options: RequestOptions): ByteRows {
  const opened = rule.members.map((member) => openBeams(member, rule.settings, options));
  const all = async (
    work: (beams: MemberBeams, member: number) => Promise<readonly Beam[]>,
    heard: readonly (readonly number[])[],
  ): Promise<readonly ByteRow[]> => {
    const found = await Promise.all(opened.map(work));
    for (const [member, beams] of found.entries()) opened[member]!.keepOnly(beams);
    return heard.map((ofText, t) =>
      fuseRow(
        rule,
        found.map((beams) => beams[t]!),
        ofText,
      ),
    );
  };
  return {
    start: (texts) =>
      all(
        (beams) => beams.start(texts),
        texts.map(() => rule.members.map(() => 0)),
      ),
    feed: (rows, bytes) =>
      all(
        (beams, member) =>
          beams.feed(
            rows.map((row) => row.beams[member]!),
            bytes,
          ),
        rows.map(({ heard, said }, t) => heard.map((log, m) => log + said[m]![bytes[t]!]!)),
      ),
    close: () => {
      for (const beams of opened) beams.close();
    },
  };
}

function fuseRow(
  { members, fuse }: ByteRule,
  beams: readonly Beam[],
  heard: readonly number[],
): ByteRow {
  const said = beams.map((beam, m) => nextBytes(members[m]!.trie, beam));
  const fused = new Float64Array(OUTCOMES);
  fuse(said, fused, heard);
  return { beams, said, heard, fused };
}
