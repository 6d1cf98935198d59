// Builds dist/: the kernels (AssemblyScript to WebAssembly), then the TypeScript sources.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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
  const source = 'src/kernel/assembly';
  const target = 'src/kernel/kernels.wasm';
  if (isNewer(target, [source])) return;
  run('asc', [`${source}/index.ts`, '-o', target, ...KERNEL_FLAGS]);
}

async function buildLibrary() {
  rmSync('dist', { recursive: true, force: true });
  run('tsc', ['-p', 'tsconfig.build.json']);
  mkdirSync('dist/kernel', { recursive: true });
  copyFileSync('src/kernel/kernels.wasm', 'dist/kernel/kernels.wasm');
  await import('./schema.mjs');
}

function run(tool, args) {
  execFileSync('npx', ['--no-install', tool, ...args], { stdio: 'inherit' });
}

// npm runs this again when `npx lmfuse` is called in a checkout for the first time.
if (!isNewer(LAST, [...SOURCES, ...SETTINGS])) {
  buildKernels();
  await buildLibrary();
}
