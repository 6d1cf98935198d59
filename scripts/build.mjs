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

function newestChange(folder) {
  return Math.max(...readdirSync(folder).map((name) => statSync(`${folder}/${name}`).mtimeMs));
}

function buildKernels() {
  const source = 'src/kernel/assembly';
  const target = 'src/kernel/kernels.wasm';
  if (existsSync(target) && statSync(target).mtimeMs > newestChange(source)) return;
  run('asc', [`${source}/index.ts`, '-o', target, ...KERNEL_FLAGS]);
}

function run(tool, args) {
  execFileSync('npx', ['--no-install', tool, ...args], { stdio: 'inherit' });
}

buildKernels();
rmSync('dist', { recursive: true, force: true });
run('tsc', ['-p', 'tsconfig.build.json']);
mkdirSync('dist/kernel', { recursive: true });
copyFileSync('src/kernel/kernels.wasm', 'dist/kernel/kernels.wasm');
await import('./schema.mjs');
