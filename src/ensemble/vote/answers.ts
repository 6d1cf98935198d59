/**
 * A vote over free-text answers, as in self-consistency (X. Wang et al., "Self-Consistency Improves
 * Chain of Thought Reasoning in Language Models", ICLR 2023): answers of one canonical form are votes
 * for one another, and the form of the largest weight wins.
 */

import { type AnswerForm, canonicalAnswer } from './canonicalAnswer.ts';
import { plurality, type VoteOptions } from './plurality.ts';

export interface AnswerGroup {
  /** What its answers have in common. */
  readonly canonical: string;
  /** The first of them, as it was given. */
  readonly answer: string;
  readonly votes: number;
  /** Who gave them: places in the list of answers. */
  readonly voters: readonly number[];
}

export interface AnswerVote {
  /** The first answer of the winning group, as it was given; undefined if everybody abstained. */
  readonly answer: string | undefined;
  /** In the order in which they first came up. */
  readonly groups: readonly AnswerGroup[];
  /** Canonical forms that have the most votes; the first of them won. */
  readonly leaders: readonly string[];
  /** Weight of those who abstained. */
  readonly abstained: number;
}

/**
 * Ties go to the answer that came up first.
 *
 * @param answers undefined, and white space alone, abstain
 */
export function voteOnAnswers(
  answers: readonly (string | undefined)[],
  options: VoteOptions & AnswerForm = {},
): AnswerVote {
  const ballots = answers.map((answer) =>
    answer === undefined ? undefined : canonicalAnswer(answer, options) || undefined,
  );
  const forms = [...new Set(ballots.filter((ballot) => ballot !== undefined))];
  const tally = plurality(ballots, forms, options);
  const groups = tally.votes.map(({ label, votes }): AnswerGroup => {
    const voters = [...ballots.keys()].filter((i) => ballots[i] === label);
    return { canonical: label, answer: answers[voters[0]!]!, votes, voters };
  });
  return {
    answer: groups.find(({ canonical }) => canonical === tally.winner)?.answer,
    groups,
    leaders: tally.leaders,
    abstained: tally.abstained,
  };
}
