/**
 * The name of a model behind HTTP, `http://localhost:8000/v1#model-name`, taken apart. Connects to
 * nothing. A name is printed in messages and stored in reports, so it must not hold a secret: user
 * names, passwords and query strings are refused, and not repeated in the refusal.
 */

import { badInput, type FusionError } from '../../errors.ts';

export interface Endpoint {
  /** As the user wrote it. */
  readonly name: string;
  /** Without a slash at its end, such as `http://localhost:8000/v1`. */
  readonly baseUrl: string;
  /** What the server calls the model. */
  readonly model: string;
  /** Whether what is sent stays on this machine. */
  readonly isLoopback: boolean;
  readonly isEncrypted: boolean;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export function isHttpModelName(name: string): boolean {
  return /^https?:\/\//i.test(name);
}

export function parseHttpModelName(name: string): Endpoint {
  const refuse = (reason: string): FusionError =>
    badInput(`model ${JSON.stringify(withoutSecrets(name))}: ${reason}`);
  if (/\p{Cc}/u.test(name)) throw refuse('has a control character');
  const url = parseUrl(name, refuse);
  if (url.username !== '' || url.password !== '') {
    throw refuse('a URL must not hold a user name or password, which would end up in logs');
  }
  if (url.search !== '') {
    throw refuse('a URL must not hold a query string, which could hold a key and end up in logs');
  }
  return {
    name,
    baseUrl: url.origin + url.pathname.replace(/\/+$/, ''),
    model: modelOf(name, refuse),
    isLoopback: LOOPBACK.test(url.hostname),
    isEncrypted: url.protocol === 'https:',
  };
}

function parseUrl(name: string, refuse: (reason: string) => FusionError): URL {
  const text = name.split('#', 1)[0] ?? name;
  const url = isHttpModelName(name) && URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined) return url;
  throw refuse('not a URL such as http://localhost:8000/v1#model-name');
}

/** Taken as written: models are called `org/name:tag`, which a URL parser would escape. */
function modelOf(name: string, refuse: (reason: string) => FusionError): string {
  const start = name.indexOf('#');
  const model = start < 0 ? '' : name.slice(start + 1);
  if (model === '') {
    throw refuse('the name of a model must follow, as in http://localhost:8000/v1#model-name');
  }
  return model;
}

/** To the last `@`, as a password may hold any character. */
function withoutSecrets(name: string): string {
  return name.replace(/\/\/.*@/s, '//...@').replace(/\?.*?(?=#|$)/s, '?...');
}
