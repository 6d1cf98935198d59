/**
 * What a client is told when a request fails, in the form that OpenAI's clients read:
 * {"error": {"message", "type", "param", "code"}}. Of a defect of ours it tells nothing.
 */

import { FusionError } from '../errors.ts';

export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 413 | 415 | 499 | 500 | 503 | 504;

export interface ErrorDetails {
  /** For programs, such as `unsupported_parameter`. */
  readonly code: string;
  /** The field of the request that is wrong. */
  readonly param?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: ErrorStatus;
  readonly details: ErrorDetails;

  constructor(status: ErrorStatus, message: string, details: ErrorDetails) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

export function badRequest(message: string, code: string, param?: string): ApiError {
  return new ApiError(400, message, { code, ...(param === undefined ? {} : { param }) });
}

/** Whatever was thrown, as what the client is told. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof FusionError && error.code === 'bad_input') {
    return badRequest(error.message, 'bad_input');
  }
  if (error instanceof FusionError && error.code === 'aborted') return clientGone();
  return new ApiError(500, 'the server failed at this request', { code: 'internal_error' });
}

/** Nobody reads it; the status, which nginx has made known, is for the log. */
export function clientGone(): ApiError {
  return new ApiError(499, 'the client has gone', { code: 'client_gone' });
}

export function errorBody({ status, message, details }: ApiError) {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  return { error: { message, type, param: details.param ?? null, code: details.code } };
}

export function errorResponse(error: ApiError): Response {
  return Response.json(errorBody(error), {
    status: error.status,
    headers: error.details.headers ?? {},
  });
}
