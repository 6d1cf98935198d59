/**
 * The same model in a page: a real Chromium, onnxruntime-web, the checkpoint's own files over HTTP.
 * Skipped where there is no Chromium.
 */

import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as Library from '../../src/browser.ts';
import { openCheckpointModel } from '../../src/model/checkpointModel.ts';
import { FAMILIES } from './family.ts';
import { withTokenizer } from './tinyTokenizer.ts';

const ROOT = join(import.meta.dirname, '../..');
const CHROMIUM = '/usr/bin/chromium';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
const PAGE = `<!doctype html><meta charset="utf-8"><title>lmfuse</title><link rel="icon" href="data:,"><script type="module">
  import * as runtime from '/node_modules/onnxruntime-web/dist/ort.wasm.min.mjs';
  import * as lmfuse from '/dist/lmfuse.browser.js';
  runtime.env.wasm.wasmPaths = '/node_modules/onnxruntime-web/dist/';
  runtime.env.wasm.numThreads = 1;
  Object.assign(globalThis, { runtime, lmfuse, isReady: true });
</script>`;

let server: Server;
let browser: Browser;
let address: string;
const folders: Record<string, string> = {};

function serve(url: string): { type: string; body: Buffer | string } | undefined {
  if (url === '/') return { type: 'text/html', body: PAGE };
  const [, kind, name, ...rest] = url.split('/');
  const path = kind === 'models' ? join(folders[name!]!, ...rest) : join(ROOT, url);
  if (!existsSync(path)) return undefined;
  return { type: TYPES[extname(path)] ?? 'application/octet-stream', body: readFileSync(path) };
}

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) return;
  for (const name of ['bert', 'llama', 'llama-bf16']) {
    folders[name] = withTokenizer(join(FAMILIES, name));
  }
  server = createServer((request, response) => {
    const found = serve(new URL(request.url ?? '/', 'http://localhost').pathname);
    response.writeHead(found ? 200 : 404, { 'content-type': found?.type ?? 'text/plain' });
    response.end(found?.body ?? 'not here');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
});

async function openPage() {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  await page.addInitScript(`globalThis.answer = ${answer}`);
  await page.goto(address);
  await page.waitForFunction('globalThis.isReady');
  return { page, problems };
}

/** What both sides do; it goes to the page as text, so it uses nothing from outside. */
async function answer(model: Library.LanguageModel, text: string, steps: number) {
  if (model.classify) {
    const [row] = await model.classify.logProbabilities([{ id: '0', text }]);
    return { values: [...row!], ids: [] };
  }
  const { tokenizer, start } = model.next!;
  const stream = await start([tokenizer.encode(text)]);
  const values = [...stream.logProbabilities()];
  const ids: number[] = [];
  for (let i = 0; i < steps; i++) {
    const row = stream.logProbabilities();
    ids.push(row.indexOf(Math.max(...row)));
    await stream.advance([0], [ids.at(-1)!]);
  }
  return { values, ids };
}

interface PageGlobals {
  readonly lmfuse: typeof Library;
  readonly runtime: Library.Runtime;
  readonly answer: typeof answer;
}

async function inPage({ model, text, steps }: { model: string; text: string; steps: number }) {
  const { lmfuse, runtime, answer } = globalThis as unknown as PageGlobals;
  const names = ['config.json', 'tokenizer.json', 'model.safetensors'];
  const entries = names.map(async (name): Promise<[string, Uint8Array]> => {
    const response = await fetch(`/models/${model}/${name}`);
    return [name, new Uint8Array(await response.arrayBuffer())];
  });
  const files = new Map(await Promise.all(entries));
  return answer(await lmfuse.openModelFiles(files, { name: model, runtime }), text, steps);
}

async function inNode(folder: string, text: string, steps: number) {
  const model = await openCheckpointModel(folder, 'model');
  try {
    return await answer(model, text, steps);
  } finally {
    await model.close();
  }
}

describe.skipIf(!existsSync(CHROMIUM))('in Chromium (skipped without it)', () => {
  it.each(['bert', 'llama', 'llama-bf16'])(
    '%s gives what it gives in Node',
    async (model) => {
      const text = 'w7 w16 w54 w29 w78';
      const { page, problems } = await openPage();
      const found = await page.evaluate(inPage, { model, text, steps: 12 });
      await page.close();
      const wanted = await inNode(folders[model]!, text, 12);
      expect(problems).toEqual([]);
      expect(found.ids).toEqual(wanted.ids);
      expect(found.values.length).toBe(wanted.values.length);
      found.values.forEach((value, i) => {
        expect(Math.abs(value - wanted.values[i]!)).toBeLessThan(1e-4);
      });
    },
    60_000,
  );
});
