/**
 * Holds ARCHITECTURE.md to the code: who may import whom, where Node's modules and npm's packages
 * come in, and what only the command line does.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { MERGE_METHODS } from '../src/merge/method/registry.ts';

const SRC = join(import.meta.dirname, '../src');

/** From the ground up: each imports only from those before it, and from itself. */
const LAYERS = [
  'errors.ts',
  'io',
  'tensor',
  'kernel',
  'checkpoint',
  'numeric',
  'recipe',
  'task',
  'merge',
  'model',
  'train',
  'ensemble',
  'structure',
  'openOptions.ts',
  'openFusion.ts',
  'open.ts',
  'select',
  'server',
  'browser.ts',
  'index.ts',
  'cli',
];

/** The same within merge/. */
const MERGE_LAYERS = [
  'version.ts',
  'recipe',
  'tokenizer',
  'method',
  'execute',
  'plan',
  'run',
  'merge.ts',
];

/** Its interfaces describe what plan/ and run/ produce; types alone make no cycle. */
const PUBLIC_TYPES = 'merge/merge.ts';

/** Levels of fusion, which know nothing of each other. */
const LEVELS = ['merge', 'ensemble', 'structure'];

/** Where a file, a hash, a worker or the machine is meant; all else also runs in a browser. */
const NODE_MODULES: Readonly<Record<string, readonly string[]>> = {
  'io/': ['crypto', 'fs', 'fs/promises', 'path'],
  'kernel/load.ts': ['fs'],
  'checkpoint/compareCheckpoints.ts': ['timers/promises'],
  'checkpoint/weightBytes.ts': ['fs'],
  'checkpoint/hubCache.ts': ['fs/promises', 'path'],
  'checkpoint/open.ts': ['fs/promises', 'path'],
  'checkpoint/otherFiles.ts': ['fs', 'fs/promises', 'path'],
  'checkpoint/reference.ts': ['fs/promises', 'path'],
  'checkpoint/safetensors/read.ts': ['crypto'],
  'checkpoint/torch/readTorchFile.ts': ['crypto'],
  'task/data/input.ts': ['fs', 'stream', 'zlib'],
  'merge/version.ts': ['fs'],
  'merge/tokenizer/readVocabulary.ts': ['fs/promises', 'path'],
  'merge/execute/runJob.ts': ['timers/promises', 'worker_threads'],
  'merge/execute/taskFiles.ts': ['fs'],
  'merge/execute/worker.ts': ['worker_threads'],
  'merge/plan/loadedModel.ts': ['fs/promises', 'path'],
  'merge/plan/planFiles.ts': ['path'],
  'merge/plan/portableNames.ts': ['path'],
  'merge/plan/planTensor.ts': ['crypto'],
  'merge/run/': ['crypto', 'fs', 'fs/promises', 'os', 'path', 'timers/promises', 'util'],
  'model/checkpointModel.ts': ['os', 'path'],
  'model/engine/engineWorker.ts': ['worker_threads'],
  'model/engine/onnxEngine.ts': ['path'],
  'model/engine/remoteEngine.ts': ['worker_threads'],
  'model/engine/weightStore.ts': ['fs', 'path'],
  'model/ngram/ngramModel.ts': ['fs/promises', 'zlib'],
  'model/modelFiles.ts': ['path'],
  'model/onnxFolder.ts': ['fs/promises', 'path'],
  'model/convert/convertToOnnx.ts': ['fs/promises', 'path'],
  'model/convert/writeFolder.ts': ['fs/promises', 'path'],
  'model/convert/writeOnnx.ts': ['fs/promises', 'path'],
  'train/textClassifierCheckpoint.ts': ['fs/promises', 'path'],
  'openFusion.ts': ['fs/promises', 'os', 'path'],
  'open.ts': ['fs/promises', 'os', 'path'],
  'server/access.ts': ['crypto'],
  'server/startServer.ts': ['http', 'net', 'timers/promises'],
  'cli/': ['crypto', 'fs', 'fs/promises', 'os', 'path'],
};

/** Packages from npm, and where they come in. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'checkpoint/torch/zipLayout.ts': ['yauzl'],
  'task/data/columns.ts': ['fastest-levenshtein'],
  'task/data/csv.ts': ['csv-parse'],
  'recipe/': ['fastest-levenshtein', 'yaml', 'zod'],
  'merge/recipe/': ['re2js', 'zod'],
  'ensemble/kind/': ['zod'],
  'ensemble/recipe/': ['yaml', 'zod'],
  'ensemble/panel/settings.ts': ['zod'],
  'merge/tokenizer/chatTemplate.ts': ['fastest-levenshtein'],
  'merge/plan/modelCard.ts': ['yaml'],
  'model/engine/': ['onnxruntime-common'],
  'model/engine/onnxRuntime.ts': ['onnxruntime-node'],
  'model/gguf/llamaCpp.ts': ['node-llama-cpp'],
  'model/graph/proto.ts': ['protobufjs'],
  'model/chatTemplate.ts': ['@huggingface/jinja'],
  'model/textTokenizer.ts': ['@huggingface/tokenizers'],
  'model/http/apiForm.ts': ['zod'],
  'model/http/parseAnswer.ts': ['zod'],
  'model/http/serverMessage.ts': ['zod'],
  'model/http/tokenLogProbabilities.ts': ['zod'],
  'train/textClassifierCheckpoint.ts': ['zod'],
  'server/': ['zod'],
  'server/createServer.ts': ['hono'],
  'server/guards.ts': ['hono'],
  'server/startServer.ts': ['@hono/node-server'],
  'cli/': ['cli-progress', 'cli-table3', 'commander', 'fastest-levenshtein', 'picocolors'],
};

const PROCESS_WORDS = ['env', 'stdout', 'stderr', 'stdin', 'argv', 'exit', 'exitCode', 'on'];

/** Loaded when a model is opened, and each by one file. */
const NATIVE = ['onnxruntime-node', 'node-llama-cpp'];

interface Import {
  readonly from: string;
  /** A file below src/, or a module's name. */
  readonly to: string;
  readonly typeOnly: boolean;
}

interface SourceFile {
  readonly name: string;
  readonly imports: readonly Import[];
  readonly defaultExports: number;
  /** Uses of the process's streams, environment and arguments. */
  readonly processUses: readonly string[];
}

const files = listSources().map(parseSource);
const imports = files.flatMap((file) => file.imports);
const internal = imports.filter(({ to }) => to.endsWith('.ts'));
const external = imports.filter(({ to }) => !to.endsWith('.ts'));

/** assembly/ is AssemblyScript, compiled by itself; it imports only from itself. */
function listSources(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts') && !name.startsWith('kernel/assembly/'))
    .sort();
}

function parseSource(name: string): SourceFile {
  const text = readFileSync(join(SRC, name), 'utf8');
  const tree = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const processUses: string[] = [];
  let defaultExports = 0;
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) {
      found.push({ from: name, to: targetOf(name, specifier), typeOnly: isTypeOnly(node) });
    }
    if (isDefaultExport(node)) defaultExports++;
    const use = processUse(node);
    if (use !== undefined) processUses.push(use);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return { name, imports: found, defaultExports, processUses };
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    const { moduleSpecifier } = node;
    return moduleSpecifier && ts.isStringLiteral(moduleSpecifier)
      ? moduleSpecifier.text
      : undefined;
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments;
    return argument && ts.isStringLiteral(argument) ? argument.text : 'computed at run time';
  }
  return undefined;
}

function targetOf(from: string, specifier: string): string {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : specifier;
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  return (
    ts.isImportDeclaration(node) && node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
  );
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportSpecifier(node)) return node.name.text === 'default';
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)
  );
}

function processUse(node: ts.Node): string | undefined {
  if (!ts.isPropertyAccessExpression(node) || !ts.isIdentifier(node.expression)) return undefined;
  const [subject, word] = [node.expression.text, node.name.text];
  if (subject === 'console') return `console.${word}`;
  return subject === 'process' && PROCESS_WORDS.includes(word) ? `process.${word}` : undefined;
}

function topOf(name: string): string {
  return name.split('/', 1)[0] ?? name;
}

function partOfMerge(name: string): string {
  return name.split('/')[1] ?? name;
}

/** `a/b` of `@a/b/c`, `b` of `b/c`. */
function packageOf(module: string): string {
  return module.split('/', module.startsWith('@') ? 2 : 1).join('/');
}

/** The rows of a table that speak of a file: its own, and that of a folder above it. */
function allowedIn(table: Readonly<Record<string, readonly string[]>>, name: string): string[] {
  return Object.entries(table).flatMap(([place, allowed]) =>
    place === name || (place.endsWith('/') && name.startsWith(place)) ? allowed : [],
  );
}

function lines(list: readonly Import[]): string[] {
  return list.map(({ from, to }) => `${from} imports ${to}`);
}

describe('folders', () => {
  it('are all known', () => {
    expect([...new Set(files.map(({ name }) => topOf(name)))].sort()).toEqual(
      expect.arrayContaining(['checkpoint', 'merge']),
    );
    expect(files.map(({ name }) => topOf(name)).filter((top) => !LAYERS.includes(top))).toEqual([]);
    const parts = files.filter(({ name }) => name.startsWith('merge/'));
    expect(
      parts.map(({ name }) => partOfMerge(name)).filter((part) => !MERGE_LAYERS.includes(part)),
    ).toEqual([]);
  });

  it('import files that exist', () => {
    expect(lines(internal.filter(({ to }) => !existsSync(join(SRC, to))))).toEqual([]);
  });

  it('import only from layers below them', () => {
    const layer = (name: string) => LAYERS.indexOf(topOf(name));
    const upward = internal.filter(({ from, to }) => layer(to) > layer(from));
    expect(lines(upward)).toEqual([]);
  });

  it('of one level of fusion never import another level', () => {
    const across = internal.filter(({ from, to }) => {
      const [a, b] = [topOf(from), topOf(to)];
      return a !== b && LEVELS.includes(a) && LEVELS.includes(b);
    });
    expect(lines(across)).toEqual([]);
  });

  it('within merge/ import only from layers below them', () => {
    const layer = (name: string) => MERGE_LAYERS.indexOf(partOfMerge(name));
    const upward = internal.filter(
      ({ from, to, typeOnly }) =>
        topOf(from) === 'merge' &&
        topOf(to) === 'merge' &&
        layer(to) > layer(from) &&
        !(typeOnly && to === PUBLIC_TYPES),
    );
    expect(lines(upward)).toEqual([]);
  });
});

describe('modules from outside', () => {
  const manifest = readFileSync(join(SRC, '../package.json'), 'utf8');
  const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(manifest) as Record<
    'dependencies' | 'optionalDependencies' | 'peerDependencies',
    Record<string, string>
  >;
  const isNode = ({ to }: Import) => to.startsWith('node:');

  it('are spelled node: or are packages', () => {
    expect(external.filter(({ to }) => to === 'computed at run time')).toEqual([]);
  });

  it('of Node come in only where a file, a hash, a worker or the machine is meant', () => {
    const stray = external
      .filter(isNode)
      .filter(({ from, to }) => !allowedIn(NODE_MODULES, from).includes(to.slice(5)));
    expect(lines(stray)).toEqual([]);
  });

  it('of npm come in where they are listed', () => {
    const stray = external
      .filter((each) => !isNode(each))
      .filter(({ from, to }) => !allowedIn(PACKAGES, from).includes(packageOf(to)));
    expect(lines(stray)).toEqual([]);
  });

  it('are listed for files that exist', () => {
    const places = [...Object.keys(NODE_MODULES), ...Object.keys(PACKAGES)];
    expect(places.filter((place) => !existsSync(join(SRC, place)))).toEqual([]);
  });

  it('are dependencies, not devDependencies', () => {
    const known = { ...dependencies, ...optionalDependencies, ...peerDependencies };
    const missing = external.filter((each) => !isNode(each) && !(packageOf(each.to) in known));
    expect(lines(missing)).toEqual([]);
  });

  it('are all needed', () => {
    const used = new Set(external.map(({ to }) => packageOf(to)));
    const idle = Object.keys(dependencies).filter((name) => !used.has(name));
    expect(idle).toEqual([]);
  });

  it('with native code come in in one file each', () => {
    const files = NATIVE.map(
      (name) => new Set(external.filter(({ to }) => to === name).map(({ from }) => from)),
    );
    expect(files.map(({ size }) => size)).toEqual(NATIVE.map(() => 1));
  });
});

describe('merge methods', () => {
  it('know neither files nor threads', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        from.startsWith('merge/method/') &&
        /^(node:|io\/|checkpoint\/|merge\/(tokenizer|execute|plan|run)\/)/.test(to),
    );
    expect(lines(wrong)).toEqual([]);
  });

  it('have a page each', () => {
    const pages = readdirSync(join(SRC, '../docs/methods'));
    const names = MERGE_METHODS.map(({ name }) => name);
    expect(new Set(names).size).toBe(20);
    expect(names.filter((name) => !pages.includes(`${name}.md`))).toEqual([]);
  });
});

describe('the library', () => {
  it('has no default exports', () => {
    expect(files.filter(({ defaultExports }) => defaultExports > 0)).toEqual([]);
  });

  it('neither prints nor reads the environment; only cli/ does', () => {
    const uses = files
      .filter(({ name }) => topOf(name) !== 'cli')
      .flatMap(({ name, processUses }) => processUses.map((use) => `${name}: ${use}`));
    expect(uses).toEqual([]);
  });

  it('suppresses no type error', () => {
    const suppressed = files.filter(({ name }) =>
      /@ts-(ignore|expect-error|nocheck)/.test(readFileSync(join(SRC, name), 'utf8')),
    );
    expect(suppressed.map(({ name }) => name)).toEqual([]);
  });

  it('has no folder or file named for being useful', () => {
    const vague = files.filter(({ name }) => /(^|\/)(utils?|helpers?|common|misc)\b/i.test(name));
    expect(vague.map(({ name }) => name)).toEqual([]);
  });
});
