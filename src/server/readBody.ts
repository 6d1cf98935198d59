/** The body of a request, checked: JSON, and what the endpoint's schema says. */

import * as z from 'zod';
import { ApiError, badRequest } from './apiError.ts';
import { UNSUPPORTED_NAMES } from './schema/fields.ts';

/** @param mostBytes a longer body is refused as soon as it is known to be one */
export async function readJson(request: Request, mostBytes: number): Promise<unknown> {
  const text = await readText(request, mostBytes);
  try {
    return withoutNulls(JSON.parse(text));
  } catch (cause) {
    throw badRequest(`the body is not JSON: ${(cause as Error).message}`, 'invalid_json');
  }
}

async function readText(request: Request, mostBytes: number): Promise<string> {
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > mostBytes) throw tooLarge(mostBytes);
  const reader = request.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let byteLength = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) return text + decoder.decode();
    byteLength += value.byteLength;
    if (byteLength > mostBytes) throw tooLarge(mostBytes);
    text += decoder.decode(value, { stream: true });
  }
}

function tooLarge(mostBytes: number): ApiError {
  return new ApiError(413, `the body has more than ${mostBytes} bytes`, {
    code: 'body_too_large',
    headers: { Connection: 'close' },
  });
}

/** OpenAI's clients write null for what is not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutNulls(inner)]));
}

export function parseBody<Schema extends z.ZodType>(
  schema: Schema,
  json: unknown,
): z.output<Schema> {
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  throw refusal(deepest(error.issues[0]!), json);
}

type Issue = z.core.$ZodIssue;

/** Of what may have several forms, the form that came nearest. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.flatMap((issues) => issues.slice(0, 1)).map(deepest);
  const nearest = inner.toSorted((a, b) => b.path.length - a.path.length)[0];
  if (!nearest || nearest.path.length === 0) return issue;
  return { ...nearest, path: [...issue.path, ...nearest.path] };
}

function refusal(issue: Issue, json: unknown): ApiError {
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const whole = [...issue.path, ...unknown];
  // What is refused altogether needs no place within it.
  const path = UNSUPPORTED_NAMES.includes(String(whole[0])) ? whole.slice(0, 1) : whole;
  if (path.length === 0) return badRequest('the body is not a JSON object', 'invalid_type');
  const param = z.core.toDotPath(path);
  const [message, code] = reasonOf(issue, valueAt(json, path));
  return badRequest(`${param}: ${message}`, code, param);
}

function reasonOf(issue: Issue, value: unknown): [message: string, code: string] {
  const name = String(issue.path[0]);
  if (UNSUPPORTED_NAMES.includes(name)) return [issue.message, 'unsupported_parameter'];
  if (issue.code === 'unrecognized_keys') return ['is not known', 'unknown_parameter'];
  if (value === undefined) return ['is missing', 'missing_required_parameter'];
  return [issue.message, 'invalid_value'];
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    json,
  );
}
