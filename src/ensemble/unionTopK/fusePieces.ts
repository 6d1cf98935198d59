/**
 * One step of fusion by lists of the most probable next pieces of text. Approximate: a member's list is
 * no distribution, and what is not in it has a probability that is not known.
 *
 *   f(x)  = sum_i w_i p_i(x)        p_i(x) = 0 where member i does not list x: a lower bound
 *   u_i   = 1 - sum of what member i lists: its unseen mass
 *   F(x)  = f(x) + sum over i that do not list x of  w_i min(u_i, least_i): an upper bound, least_i
 *           being the probability of the last that it lists, if x is one token to it
 *
 * Pieces are one where their texts are equal to the last character; a piece that another begins with is
 * another piece, and no member's mass is given to part of its piece. A text that members cut
 * differently is thus underrated. Ends of texts are one piece, however they are spelled.
 *
 * After Y. Yao et al. (UniTE, arXiv:2410.03777), who also align by the union of top-k lists, but give a
 * piece that a member does not list the mass of its first token.
 */

/** What might come next; `end` is the end of the text. */
export interface NextPiece {
  readonly text: string | typeof END;
  readonly logProbability: number;
}

export const END: unique symbol = Symbol('end of text');

export interface FusedPiece {
  readonly text: string | typeof END;
  /** f and F. */
  readonly atLeast: number;
  readonly atMost: number;
  /** Each member's log-probability; undefined where it does not list the piece. */
  readonly logProbabilities: readonly (number | undefined)[];
}

export interface FusedStep {
  /** The greatest lower bound first; of equals in the order of members and ranks. */
  readonly pieces: readonly FusedPiece[];
  /** Of each member: u_i. */
  readonly unseen: readonly number[];
}

/** What shows nothing, or part of a character, cannot be written and counts as unseen. */
const UNWRITABLE = /^$|\uFFFD/;

/** @param weights sum to 1 */
export function fusePieces(
  lists: readonly (readonly NextPiece[])[],
  weights: readonly number[],
): FusedStep {
  const members = lists.map(probabilitiesOf);
  const unseen = members.map((member) => Math.max(0, 1 - sumOf([...member.values()])));
  const ceilings = members.map((member, i) => Math.min(unseen[i]!, ...member.values()));
  const texts = new Set(members.flatMap((member) => [...member.keys()]));
  const pieces = [...texts].map((text): FusedPiece => {
    const found = members.map((member) => member.get(text));
    const atLeast = sumOf(found.map((p, i) => weights[i]! * (p ?? 0)));
    const tail = sumOf(found.map((p, i) => (p === undefined ? weights[i]! * ceilings[i]! : 0)));
    const logProbabilities = found.map((p) => (p === undefined ? undefined : Math.log(p)));
    return { text, atLeast, atMost: atLeast + tail, logProbabilities };
  });
  return { pieces: pieces.sort((a, b) => b.atLeast - a.atLeast), unseen };
}

/** Tokens that show the same text are one piece. */
function probabilitiesOf(list: readonly NextPiece[]): ReadonlyMap<NextPiece['text'], number> {
  const found = new Map<NextPiece['text'], number>();
  for (const { text, logProbability } of list) {
    const isWritable = text === END || !UNWRITABLE.test(text);
    const probability = Math.exp(logProbability);
    if (isWritable && probability > 0) found.set(text, (found.get(text) ?? 0) + probability);
  }
  return found;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Whether the first piece is the most probable one whatever was not seen. */
export function isFirstCertain({ pieces, unseen }: FusedStep, weights: readonly number[]): boolean {
  const [first, ...others] = pieces;
  if (!first) return false;
  const unlisted = sumOf(unseen.map((u, i) => u * weights[i]!));
  return first.atLeast >= Math.max(unlisted, ...others.map(({ atMost }) => atMost));
}
