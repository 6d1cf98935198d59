// Builds dist/: the kernels (AssemblyScript to WebAssembly), then the TypeScript sources.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

const KERNEL_FLAGS = [
  '--enable',
  'simd,threads',
  '--sharedMemory',
  '--importMemory',
  '--initialMemory',
  '1',
  '--maximumMemory',
  '65536',
  '--runtime',
  'stub',
  '--noExportMemory',
  '-O3',
  '--noAssert',
  '--converge',
];

/** Loaded when a model is opened, from where npm puts them. */
const NATIVE = ['onnxruntime-node', 'node-llama-cpp'];

/** Written last, so its time is that of the whole build. */
const LAST = 'dist/recipe.schema.json';
const SOURCES = ['src', 'docs/methods', 'scripts', 'package.json', 'package-lock.json'];
const SETTINGS = ['tsconfig.json', 'tsconfig.build.json'];

/** Folders count with their own time too, which changes when a file in them goes away. */
function newestChange(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  const inside = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return Math.max(mtimeMs, ...inside.map((name) => statSync(`${path}/${name}`).mtimeMs));
}

function isNewer(target, sources) {
  return existsSync(target) && statSync(target).mtimeMs > Math.max(...sources.map(newestChange));
}

function buildKernels() {
  mkdirSync('build', { recursive: true });
  const source = 'src/kernel/assembly';
  const target = 'build/kernels.wasm';
  if (isNewer(target, [source])) return;
  run('asc', [`${source}/index.ts`, '-o', target, ...KERNEL_FLAGS]);
}

async function buildLibrary() {
  rmSync('dist', { recursive: true, force: true });
  run('tsc', ['-p', 'tsconfig.build.json']);
  copyFileSync('build/kernels.wasm', 'dist/kernels.wasm');
  await bundle();
  await import('./schema.mjs');
}

/**
 * The program and its workers as single files: opening hundreds of small ones took longer than
 * planning a merge. And what runs in a page, which needs its packages with it. The library stays as it is, for bundlers and debuggers of others.
 */
async function bundle() {
  const entries = [
    { input: 'dist/cli/main.js', file: 'dist/lmfuse.js', platform: 'node' },
    { input: 'dist/merge/execute/worker.js', file: 'dist/worker.js', platform: 'node' },
    { input: 'dist/model/engine/engineWorker.js', file: 'dist/engineWorker.js', platform: 'node' },
    { input: 'dist/browser.js', file: 'dist/lmfuse.browser.js', platform: 'browser' },
  ];
  const folders = new Set();
  for (const { input, file, platform } of entries) {
    const build = await rolldown({ input, platform, external: NATIVE });
    const { output } = await build.write({ file, format: 'esm', minify: 'dce-only' });
    await build.close();
    for (const module of output.flatMap((chunk) => Object.keys(chunk.modules ?? {}))) {
      // The bundler's own stand-ins.
      if (module.startsWith('\0')) continue;
      const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(
        module.replaceAll('\\', '/'),
      );
      if (folder) folders.add(folder[0]);
    }
  }
  writeFileSync('dist/THIRD_PARTY_LICENSES.txt', [...folders].sort().map(licenceOf).join('\n\n'));
}

/** What the licences of bundled packages ask for: that they are passed on. */
function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file ? readFileSync(`${folder}/${file}`, 'utf8').trim() : `Licence: ${license}`;
  return `${name} ${version}\n${'-'.repeat(72)}\n${text}`;
}

function run(tool, args) {
  execFileSync('npx', ['--no-install', tool, ...args], { stdio: 'inherit' });
}

// npm runs this again when `npx lmfuse` is called in a checkout for the first time.
if (!isNewer(LAST, [...SOURCES, ...SETTINGS])) {
  buildKernels();
  await buildLibrary();
}
