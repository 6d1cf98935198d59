/**
 * What an aggregator and a judge are told. The aggregator's words follow J. Wang et al.,
 * "Mixture-of-Agents Enhances Large Language Model Capabilities", arXiv:2406.04692, in substance; the
 * judge's follow L. Zheng et al., "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena",
 * arXiv:2306.05685: a verdict in double brackets, and a warning of position and length.
 */

import type { ChatMessage, TextRequest } from '../../model/languageModel.ts';

export const DEFAULT_PROMPTS = {
  aggregate: `Several assistants answered the request below, each by itself. Write the best answer to it that you can.

Judge their answers critically: some of what they say may be wrong, biased or made up, and most of them can agree on something wrong. Take what is right, correct what is not, and do not simply repeat one of them. Do not mention that there were other answers. Keep the language, the form and the length that the request asks for.

{candidates}

The request:

{question}`,
  compare: `Two assistants answered a request. Decide which answer is better: more correct, more helpful, and doing what the request asks for. The order in which they stand, their length and their style of writing must not count.

The request:

{question}

{candidates}

Give your reason in a sentence or two. Then end with your verdict, exactly [[1]] if answer 1 is better, [[2]] if answer 2 is better, or [[tie]] if neither is.`,
  choose: `Several assistants answered a request. Decide which answer is best: most correct, most helpful, and doing what the request asks for. The order in which they stand, their length and their style of writing must not count.

The request:

{question}

{candidates}

Give your reason in a sentence or two. Then end with your verdict: the number of the best answer in double brackets, such as [[1]], or [[tie]] if none is best.`,
  rate: `An assistant answered a request. Rate how correct and helpful the answer is, from 1 (useless or wrong) to 10 (nothing to be improved). Its length and its style of writing must not count.

The request:

{question}

{candidates}

Give your reason in a sentence or two. Then end with your rating in double brackets, such as [[5]].`,
} as const;

export type PromptName = keyof typeof DEFAULT_PROMPTS;

/** In one pass: what is filled in may itself have `{candidates}` in it. */
export function fillPrompt(template: string, question: string, candidates: string): string {
  return template.replace(/\{(question|candidates)\}/g, (_, place) =>
    place === 'question' ? question : candidates,
  );
}

/**
 * The same request with answers to it: they stand with the last thing that the user said, so that
 * what was said before, and the system's words, keep their places.
 */
export function withCandidates(
  prompt: TextRequest['prompt'],
  template: string,
  candidates: string,
): TextRequest['prompt'] {
  if (typeof prompt === 'string') return fillPrompt(template, prompt, candidates);
  const last = prompt.findLastIndex(({ role }) => role === 'user');
  const content = fillPrompt(template, prompt[last]?.content ?? '', candidates);
  const asked: ChatMessage = { role: 'user', content };
  return last < 0 ? [...prompt, asked] : prompt.with(last, asked);
}

/** The whole conversation as one text, for a judge, who takes no part in it. */
export function transcriptOf(prompt: TextRequest['prompt']): string {
  if (typeof prompt === 'string') return prompt;
  const [only] = prompt;
  if (only !== undefined && prompt.length === 1) return only.content;
  return prompt.map(({ role, content }) => `${role}: ${content}`).join('\n\n');
}
