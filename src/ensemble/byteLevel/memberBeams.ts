/** The beams of one member over many texts: all that they want evaluated in a step is one batch. */

import { badInput } from '../../errors.ts';
import type { RequestOptions } from '../../model/languageModel.ts';
import { evaluate, type Moved, moveAll, rootState, type Waiting } from './beam.ts';
import type { ByteMember } from './byteMember.ts';
import { canonicalTokens } from './canonicalTokens.ts';
import { type Contexts, openContexts } from './contexts.ts';
import {
  type Beam,
  type BeamSettings,
  firstBeam,
  givenSoFar,
  settle,
  worthEvaluating,
} from './prune.ts';
import { rereadTree } from './rereadTree.ts';
import type { TokenContext } from './tokenContext.ts';

export interface MemberBeams {
  /**
   * Beams that have read each text's `given` bytes, which are certain from then on. The bytes that
   * follow them and are known too are read ahead, which changes nothing but the time.
   */
  readonly start: (texts: readonly KnownText[]) => Promise<readonly Beam[]>;
  readonly feed: (beams: readonly Beam[], bytes: readonly number[]) => Promise<readonly Beam[]>;
  /** Forgets what these beams do not need. */
  readonly keepOnly: (beams: readonly Beam[]) => void;
  readonly close: () => void;
}

export interface KnownText {
  readonly given: readonly number[];
  readonly following: readonly number[];
}

export function openBeams(
  member: ByteMember,
  settings: BeamSettings,
  options: RequestOptions,
): MemberBeams {
  const { model, beginning } = member;
  const contexts = openContexts(member, model.tree?.() ?? rereadTree(model), options);
  const feed = (beams: readonly Beam[], bytes: readonly number[]) =>
    feedBeams(member, contexts, settings, beams, bytes);
  return {
    async start(texts) {
      const first = await contexts.first();
      // Each text has a beginning of its own, so that what is read ahead of it is found from there.
      const starts = texts.map(() => ({ ...first, children: new Map() }));
      if (model.tree) {
        await contexts.readAhead(
          texts.map(({ given, following }, t) => ({
            from: starts[t]!,
            tokens: canonicalTokens(member, [...given, ...following]),
          })),
        );
      }
      const fresh = starts.map((context) => firstBeam(rootState(context, 0)));
      const begun = await feedEach(
        feed,
        fresh,
        texts.map(() => [...beginning]),
      );
      const read = await feedEach(
        feed,
        begun.map(givenSoFar),
        texts.map(({ given }) => given),
      );
      return read.map(givenSoFar);
    },
    feed,
    keepOnly: (beams) => contexts.keepOnly(beams.flatMap(contextsOf)),
    close: contexts.close,
  };
}

function contextsOf({ states, waiting }: Moved): TokenContext[] {
  return [...states.map(({ context }) => context), ...waiting.map(({ parent }) => parent)];
}

/** Texts of any lengths, byte by byte. */
async function feedEach(
  feed: MemberBeams['feed'],
  beams: readonly Beam[],
  texts: readonly (readonly number[])[],
): Promise<readonly Beam[]> {
  const fed = [...beams];
  const longest = Math.max(0, ...texts.map((text) => text.length));
  for (let at = 0; at < longest; at++) {
    const going = [...texts.keys()].filter((t) => texts[t]!.length > at);
    const moved = await feed(
      going.map((t) => fed[t]!),
      going.map((t) => texts[t]![at]!),
    );
    for (const [i, t] of going.entries()) fed[t] = moved[i]!;
  }
  return fed;
}

async function feedBeams(
  member: ByteMember,
  contexts: Contexts,
  settings: BeamSettings,
  beams: readonly Beam[],
  bytes: readonly number[],
): Promise<readonly Beam[]> {
  const { trie, model } = member;
  const mostTokens = model.maxTokens ?? Number.POSITIVE_INFINITY;
  let moved = beams.map((beam, i) => moveAll(trie, beam, bytes[i]!));
  for (;;) {
    const wanted = moved.map((each) => worthEvaluating(each, settings, mostTokens));
    if (wanted.every(({ length }) => length === 0)) break;
    const found = [...(await contexts.extend(wanted.flat()))];
    moved = moved.map((each, i) => {
      const known = found.splice(0, wanted[i]!.length);
      return withEvaluated(member, each, wanted[i]!, known);
    });
  }
  for (const each of moved) checkRoom(member, each);
  return moved.map((each, i) => settle(each, beams[i]!, settings));
}

function withEvaluated(
  { trie }: ByteMember,
  { states, waiting }: Moved,
  wanted: readonly Waiting[],
  contexts: readonly TokenContext[],
): Moved {
  const evaluated = wanted.map((each, i) => evaluate(trie, each, contexts[i]!));
  return {
    states: [...states, ...evaluated.flatMap((each) => each.states)],
    waiting: [
      ...waiting.filter((each) => !wanted.includes(each)),
      ...evaluated.flatMap((each) => each.waiting),
    ],
  };
}

/** A text that a member could go on with if it had room for another token is not impossible. */
function checkRoom({ name, model }: ByteMember, { states, waiting }: Moved): void {
  if (states.length > 0 || waiting.length === 0) return;
  throw badInput(`the text is longer than the ${model.maxTokens} tokens that member ${name} reads`);
}
