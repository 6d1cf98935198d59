import { describe, expect, it } from 'vitest';
import { isHttpModelName, parseHttpModelName } from '../../../src/model/http/endpoint.ts';
import { openHttpModel } from '../../../src/model/http/openHttpModel.ts';

const refusalOf = (name: string): string => {
  try {
    parseHttpModelName(name);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`${name} was taken`);
};

describe('the name of a model behind HTTP', () => {
  it('is a URL and what the server calls the model', () => {
    expect(parseHttpModelName('http://localhost:8000/v1#org/name:7b@main#2')).toEqual({
      name: 'http://localhost:8000/v1#org/name:7b@main#2',
      baseUrl: 'http://localhost:8000/v1',
      model: 'org/name:7b@main#2',
      isLoopback: true,
      isEncrypted: false,
    });
    expect(parseHttpModelName('HTTPS://Example.org/#m')).toMatchObject({
      baseUrl: 'https://example.org',
      isLoopback: false,
      isEncrypted: true,
    });
    expect(parseHttpModelName('http://h/a/b//#m').baseUrl).toBe('http://h/a/b');
  });

  it.each([
    ['http://127.0.0.1/#m', true],
    ['http://127.1/#m', true],
    ['http://0x7f000001/#m', true],
    ['http://[::1]:8080/#m', true],
    ['http://localhost/#m', true],
    ['http://127.0.0.1.example.org/#m', false],
    ['http://localhost.example.org/#m', false],
    ['http://192.168.0.1/#m', false],
    ['http://0.0.0.0/#m', false],
  ])('%s: loopback is %s', (name, isLoopback) => {
    expect(parseHttpModelName(name).isLoopback).toBe(isLoopback);
  });

  it('is told from other names', () => {
    expect(isHttpModelName('https://h/v1#m')).toBe(true);
    expect(['models/a', 'org/name', 'file:///a', 'httpx://h'].filter(isHttpModelName)).toEqual([]);
  });

  it.each([
    ['http://localhost:8000/v1', /the name of a model must follow/],
    ['http://localhost:8000/v1#', /the name of a model must follow/],
    ['http://localhost:8000/v1#a\u001b[2J', /control character/],
    ['http://#m', /not a URL/],
    ['ftp://localhost#m', /not a URL/],
  ])('%j is refused', (name, message) => {
    expect(refusalOf(name)).toMatch(message);
  });

  it.each([
    'https://user:s3cret@h/v1#m',
    'https://s3cret@h/v1#m',
    'https://user:pa/s3cret@h/v1#m',
    'https://user:pa?s3cret@h/v1#m',
    'https://user:pa#s3cret@h/v1#m',
    'https://h/v1?key=s3cret#m',
    'https://h:port/v1?key=s3cret#m',
  ])('%s is refused without repeating the secret', (name) => {
    expect(refusalOf(name)).not.toContain('s3cret');
  });

  it.each([
    ['concurrency', 0],
    ['retries', -1],
    ['timeoutMs', 1.5],
    ['backoffMs', Number.NaN],
    ['idleTimeoutMs', 2 ** 31],
  ])('%s cannot be %s', (option, value) => {
    expect(() => openHttpModel({ name: 'http://h/v1#m', [option]: value })).toThrow(
      `model "http://h/v1#m": ${option} is ${value}, not a whole number from`,
    );
  });
});
