/**
 * llama.cpp through node-llama-cpp, which is imported here alone and only when a GGUF file is opened:
 * how it is started, and how it loads a file. It computes on the processor, and prints nothing.
 */

import type { LlamaModel, LlamaModelOptions } from 'node-llama-cpp';
import { badInput } from '../../errors.ts';

export type {
  LlamaContext,
  LlamaContextSequence,
  LlamaEmbeddingContext,
  LlamaModel,
  Token,
} from 'node-llama-cpp';

export interface LlamaCpp {
  /** Kinds of models that it knows. */
  readonly architectures: readonly string[];
  readonly load: (options: LlamaModelOptions) => Promise<LlamaModel>;
}

type Package = typeof import('node-llama-cpp');

const PACKAGE = 'node-llama-cpp';
const INSTALL = `npm install ${PACKAGE}@3.22.1`;

/**
 * llama.cpp has one log in a process, and whoever ends an instance gives the log back to the console
 * though others still run. So there is one, and it stays.
 */
let started: Promise<LlamaCpp> | undefined;

export async function startLlamaCpp(): Promise<LlamaCpp> {
  started ??= start();
  try {
    return await started;
  } catch (error) {
    started = undefined;
    throw error;
  }
}

async function start(): Promise<LlamaCpp> {
  const llamaPackage = await importPackage();
  const { getLlama, LlamaLogLevel, NoBinaryFoundError } = llamaPackage;
  const heard: string[] = [];
  const options = {
    gpu: false,
    build: 'never',
    // Each context is told its own number.
    maxThreads: 0,
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
    logger: (_: unknown, message: string) => void heard.push(message),
  } as const;
  const llama = await getLlama(options).catch((cause: unknown) => {
    throw cause instanceof NoBinaryFoundError ? noBinary(cause) : cause;
  });
  return {
    architectures: architecturesOf(llamaPackage),
    load: oneByOne((wanted) => {
      heard.length = 0;
      return llama.loadModel(wanted).catch((cause: unknown) => {
        throw unloadable(wanted.modelPath, heard, cause);
      });
    }),
  };
}

/** Declared as an enum that exists in types alone, but it is there. */
function architecturesOf(llamaPackage: unknown): string[] {
  const { GgufArchitectureType } = llamaPackage as {
    readonly GgufArchitectureType: Readonly<Record<string, string>>;
  };
  return Object.values(GgufArchitectureType);
}

async function importPackage(): Promise<Package> {
  try {
    return await import('node-llama-cpp');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(PACKAGE)) throw cause;
    throw badInput(`GGUF files are run by ${PACKAGE}, which is not installed (${INSTALL})`, cause);
  }
}

function noBinary(cause: unknown) {
  const platform = `${process.platform}-${process.arch}`;
  return badInput(
    `GGUF files are run by ${PACKAGE}, whose binary for ${platform} is not installed or does not run here (${INSTALL})`,
    cause,
  );
}

/** What is said while a file is loaded is about that file, if no other is. */
function oneByOne<A, B>(work: (input: A) => Promise<B>): (input: A) => Promise<B> {
  let last: Promise<unknown> = Promise.resolve();
  return (input) => {
    const mine = last.then(() => work(input));
    last = mine.catch(() => {});
    return mine;
  };
}

function unloadable(path: string, heard: readonly string[], cause: unknown) {
  const said = heard
    .map((line) => line.trim())
    .find((line) => line.startsWith('llama_model_load: '));
  const reason = said?.replace(/^llama_model_load: (error loading model: )?/, '');
  return badInput(
    `${path}: llama.cpp cannot load it (${reason ?? (cause as Error).message})`,
    cause,
  );
}
