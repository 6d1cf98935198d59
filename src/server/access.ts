/**
 * Who may ask. Others than this machine need a token. On this machine a page in a browser could ask
 * as well: by a name of its own that resolves to 127.0.0.1 (DNS rebinding), so that other names than
 * localhost's are refused, and across origins, where bodies that are not declared as JSON are refused,
 * since those alone need no leave of the server (CORS).
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import { badInput } from '../errors.ts';
import { ApiError } from './apiError.ts';

export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Refuses to be open to others without a token. */
export function assertGuarded(host: string, token: string | undefined): void {
  if (isLoopback(host) || token !== undefined) return;
  throw badInput(
    `host ${host}: other machines can reach it, so a token is needed ` +
      '(the environment variable LMFUSE_SERVER_TOKEN); 127.0.0.1 needs none',
  );
}

export function assertToken(token: string | undefined): void {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return;
  throw badInput('server: the token has characters that a header cannot hold, or none');
}

/** Throws if the request does not bear the token. The comparison takes as long whatever is given. */
export function checkToken(request: Request, token: string | undefined): void {
  if (token === undefined) return;
  const [, given = ''] = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '') ?? [];
  if (timingSafeEqual(digest(given), digest(token))) return;
  throw new ApiError(401, 'the token is missing or wrong (Authorization: Bearer ...)', {
    code: 'invalid_api_key',
    headers: { 'WWW-Authenticate': 'Bearer' },
  });
}

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

export function checkHost(request: Request): void {
  const { hostname } = new URL(request.url);
  if (isLoopback(hostname)) return;
  throw new ApiError(403, `host "${hostname}": this server answers to localhost only`, {
    code: 'wrong_host',
  });
}

export function checkJson(request: Request): void {
  const type = request.headers.get('content-type') ?? '';
  if (/^application\/json\s*(;|$)/i.test(type.trim())) return;
  throw new ApiError(415, `content-type "${type}": application/json is expected`, {
    code: 'unsupported_media_type',
  });
}
