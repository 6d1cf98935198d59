/** JSON from a server, checked before it is believed. Errors name the place and what is wrong there. */

import type * as z from 'zod';
import { type Answer, type Place, quote, readText, refusal } from './answer.ts';
import { type AnswerPart, API_FORMS, type HttpApi } from './apiForm.ts';
import { messageIn, parsedOrUndefined } from './serverMessage.ts';

/** The whole of an answer that does not stream. */
export async function readWhole(answer: Answer, api: HttpApi): Promise<AnswerPart> {
  const whole = parseAnswer(await readText(answer.chunks()), api, answer);
  if (!whole.hasChoice) throw refusal(answer, 'answered with no choices');
  return whole;
}

export function parseAnswer(text: string, api: HttpApi, place: Place): AnswerPart {
  const json = parsedOrUndefined(text);
  if (json === undefined) throw refusal(place, `answered ${quote(place, text)}, which is not JSON`);
  // Some servers answer 200 and put the failure inside; so does every stream that fails on its way.
  if (isFailure(json)) throw refusal(place, `answered: ${quote(place, messageIn(text))}`);
  const parsed = API_FORMS[api].answer.safeParse(json);
  if (!parsed.success) throw refusal(place, `answered unlike its API: ${issueIn(parsed, place)}`);
  return parsed.data;
}

function isFailure(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'error' in json && Boolean(json.error);
}

/** The path can have keys of the server in it. */
function issueIn({ error }: { readonly error: z.ZodError }, place: Place): string {
  const [issue] = error.issues;
  return quote(place, `${issue?.path.join('.')}: ${issue?.message}`);
}
