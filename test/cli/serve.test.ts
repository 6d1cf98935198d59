/** `lmfuse serve` as a process of its own, and what it refuses before it listens. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FAMILIES } from '../model/family.ts';
import { startEndpoint } from '../model/http/fakeEndpoint.ts';
import { withTokenizer } from '../model/tinyTokenizer.ts';
import { runMain } from './runMain.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/lmfuse.js');

interface Served {
  readonly url: string;
  readonly process: ChildProcess;
  /** What it has written there so far. */
  readonly stderr: () => string;
  /** Resolves when that has such a line in it. */
  readonly said: (line: RegExp) => Promise<void>;
  readonly exited: Promise<number | null>;
}

async function serve(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Served> {
  const child = spawn(process.execPath, [PROGRAM, 'serve', ...argv, '--port', '0', '--json'], {
    env: { ...process.env, LMFUSE_SERVER_TOKEN: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  let written = '';
  const heard: (() => void)[] = [];
  child.stderr.on('data', (chunk) => {
    written += chunk;
    for (const hear of heard) hear();
  });
  const said = (line: RegExp) =>
    new Promise<void>((resolve) => {
      const hear = () => line.test(written) && resolve();
      heard.push(hear);
      hear();
    });
  const stderr = () => written;
  for await (const line of createInterface(child.stdout)) {
    return { url: JSON.parse(line).url, process: child, stderr, said, exited };
  }
  await exited;
  throw new Error(written);
}

function post(url: string, body: object, headers: Record<string, string> = {}) {
  return fetch(url, {
    ...{ method: 'POST', body: JSON.stringify(body) },
    headers: { 'content-type': 'application/json', ...headers },
  });
}

const chat = { messages: [{ role: 'user', content: 'Hi' }] };

/** A model that never answers. */
const startSilent = () => startEndpoint(() => {});

describe('lmfuse serve', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'finishes what runs at %s, and exits with 0',
    async (signal) => {
      const served = await serve([withTokenizer(join(FAMILIES, 'llama')), '--name', 'tiny']);
      const response = await post(`${served.url}/v1/completions`, {
        ...{ model: 'tiny', prompt: 'w1', max_tokens: 60, stream: true, temperature: 2, seed: 1 },
      });
      served.process.kill(signal);
      expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/);
      expect(await served.exited).toBe(0);
      expect(served.stderr()).toMatch(/^POST \/v1\/completions 200 \d+ ms$/m);
    },
  );

  it('stops what runs when the grace is over', async () => {
    const { name, arrived, abandoned } = await startSilent();
    const served = await serve([name, '--grace', '0']);
    const answer = post(`${served.url}/v1/chat/completions`, chat);
    await arrived(1);
    served.process.kill('SIGTERM');
    expect((await answer).status).toBe(503);
    expect(await served.exited).toBe(0);
    expect(abandoned()).toBe(1);
  });

  it('leaves at once at the second signal', async () => {
    const { name, arrived } = await startSilent();
    const served = await serve([name]);
    const answer = post(`${served.url}/v1/chat/completions`, chat).catch(() => 'cut');
    await arrived(1);
    served.process.kill('SIGINT');
    await served.said(/^finishing/m);
    served.process.kill('SIGINT');
    expect(await served.exited).toBe(130);
    expect(await answer).toBe('cut');
  });

  it('takes its token from the environment, and writes it nowhere', async () => {
    const token = 'sk-4711-secret';
    const { name } = await startSilent();
    const served = await serve([name], { LMFUSE_SERVER_TOKEN: token });
    const refused = await fetch(`${served.url}/v1/models?key=${token}`);
    expect(refused.status).toBe(401);
    const answer = await fetch(`${served.url}/v1/models`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(200);
    served.process.kill('SIGTERM');
    expect(await served.exited).toBe(0);
    const log = served.stderr();
    expect(log).toContain('GET /v1/models 401');
    expect(log).not.toContain(token);
  });

  it.each<[string, string[], Record<string, string>, RegExp]>([
    ['others without a token', ['--host', '0.0.0.0'], {}, /LMFUSE_SERVER_TOKEN/],
    ['an empty token', [], { LMFUSE_SERVER_TOKEN: '' }, /the token has characters/],
    ['no port', ['--port', '70000'], {}, /A port from 0 to 65535/],
    ['no time', ['--timeout', '0'], {}, /timeLimitMs is 0/],
  ])('refuses %s', async (_, argv, env, message) => {
    const run = await runMain(['serve', 'http://127.0.0.1:9/v1#m', ...argv], { env });
    expect(run.stderr).toMatch(message);
    expect(run.code).toBe(2);
  });

  it('refuses a port that is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const run = await runMain(['serve', 'http://127.0.0.1:9/v1#m', '--port', String(port)]);
    expect(run.stderr).toContain(`127.0.0.1, port ${port}: another program listens there`);
    expect(run.code).toBe(2);
  });
});
