/** What a judge is asked, and what is read from its answer. */

import type { TextResponse } from '../../model/languageModel.ts';
import { ask, type Call, type Proposal, type Question, type Reading } from './call.ts';
import { fencedCandidates, fencedQuestion, randomFor } from './candidates.ts';
import type { PanelMember } from './plan.ts';
import { fillPrompt, type PromptName, transcriptOf } from './prompts.ts';
import type { Run } from './run.ts';

/** Which of the answers shown is better, from 0. */
export type Verdict = number | 'tie';

export const MAX_RATING = 10;

/** @param shown in the order in which the judge sees them */
export async function askVerdict(
  run: Run,
  judge: PanelMember,
  name: 'compare' | 'choose',
  shown: readonly Proposal[],
): Promise<Call<Verdict>> {
  const call = await askJudge(run, judge, name, shown, (text) => parseVerdict(text, shown.length));
  const { value } = call;
  if (value !== undefined) {
    run.record.note(call.index, { verdict: value === 'tie' ? value : shown[value]!.call });
  }
  return call;
}

/** From 1 to 10. */
export async function askRating(
  run: Run,
  judge: PanelMember,
  proposal: Proposal,
): Promise<Call<number>> {
  const call = await askJudge(run, judge, 'rate', [proposal], parseRating);
  if (call.value !== undefined) run.record.note(call.index, { rating: call.value });
  return call;
}

function askJudge<T>(
  run: Run,
  judge: PanelMember,
  name: PromptName,
  shown: readonly Proposal[],
  parse: (text: string) => T | undefined,
): Promise<Call<T>> {
  const question: Question<T> = {
    member: judge,
    purpose: { role: 'judge', shown: shown.map(({ call }) => call) },
    request: {
      prompt: judgePrompt(run, name, shown),
      maxTokens: run.plan.judgeMaxTokens,
      temperature: 0,
    },
    read: (answer) => readParsed(answer, parse),
  };
  return ask(run, question);
}

function judgePrompt({ plan, request }: Run, name: PromptName, shown: readonly Proposal[]): string {
  const texts = shown.map(({ answer }) => answer.text);
  const random = randomFor(plan.seed, request.prompt, name);
  const candidates = fencedCandidates(texts, plan.maxSourceTokens, random);
  const question = fencedQuestion(transcriptOf(request.prompt), random);
  return fillPrompt(plan.prompts[name], question, candidates);
}

function readParsed<T>(
  { text, finish }: TextResponse,
  parse: (text: string) => T | undefined,
): Reading<T> {
  const value = parse(text);
  if (value !== undefined) return { value };
  const end = finish === 'length' ? ', cut at its longest' : '';
  return { reason: `the answer has no verdict in double brackets${end}` };
}

/** The last in double brackets, or else the whole answer: judges reason first. */
function bracketed(text: string): string {
  return [...text.matchAll(/\[\[\s*([^[\]]{1,20}?)\s*\]\]/g)].at(-1)?.[1] ?? text.trim();
}

export function parseVerdict(text: string, count: number): Verdict | undefined {
  const said = bracketed(text);
  if (/^tie$/i.test(said)) return 'tie';
  const number = /^\d{1,4}$/.test(said) ? Number(said) : 0;
  return number >= 1 && number <= count ? number - 1 : undefined;
}

export function parseRating(text: string): number | undefined {
  const said = bracketed(text).replace(/\/10$/, '');
  const rating = /^\d{1,2}(\.\d{1,4})?$/.test(said) ? Number(said) : 0;
  return rating >= 1 && rating <= MAX_RATING ? rating : undefined;
}
