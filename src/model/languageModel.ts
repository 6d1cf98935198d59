/**
 * A language model: something that assigns probabilities to text. What one can do is a set of
 * capabilities, and whatever has the one that a task needs can be a member of a fusion: an opened
 * checkpoint, a GGUF file, an n-gram file, an HTTP endpoint, a file of predictions, or another fusion.
 *
 * Probabilities are natural logarithms throughout. No capability prints, reads the environment, or
 * keeps what it was asked.
 */

import type { Tokenizer } from './tokenizer.ts';

export interface LanguageModel {
  /** As the user named it. */
  readonly name: string;
  readonly classify?: Classifier;
  readonly next?: TokenModel;
  readonly embed?: Embedder;
  readonly score?: TextScorer;
  readonly respond?: Responder;
  /** A conversation as the text that the model continues, by the template that it was trained with. */
  readonly chatPrompt?: (messages: readonly ChatMessage[]) => string;
  readonly write?: Writer;
  /** Gives back threads, memory and connections; requests under way fail as aborted. */
  readonly close: () => Promise<void>;
}

/** What may be said with any request. */
export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** Cut what is longer than the model can read, or than so many tokens, instead of refusing it. */
  readonly truncate?: boolean | number;
  /** Hears of a member that a fusion had to do without, where its recipe allows that. */
  readonly onMissing?: (missing: { readonly member: string; readonly reason: string }) => void;
}

/** One text of a task. Files of predictions know it by its id. */
export interface Item {
  readonly id: string;
  readonly text: string;
}

/** A distribution over labels for a text. */
export interface Classifier {
  readonly labels: readonly string[];
  /** Probabilities are 0 or 1, read from an answer; over HTTP this may be known only once asked. */
  readonly isHard?: true;
  /** One list per item, in the order of `labels`; the exponentials sum to 1. */
  readonly logProbabilities: (
    items: readonly Item[],
    options?: RequestOptions,
  ) => Promise<readonly Float64Array[]>;
}

/** Features of a text. */
export interface Embedder {
  readonly dimensions: number;
  readonly vectors: (
    items: readonly Item[],
    options?: RequestOptions,
  ) => Promise<readonly Float32Array[]>;
}

export interface TextScore {
  /** Of the whole text. */
  readonly logProbability: number;
  /** Predictions that it is the sum of. */
  readonly tokenCount: number;
  /** In so many parts it was read, each with what came before as far as the model reads. */
  readonly windows?: number;
}

export interface ScoreOptions extends RequestOptions {
  /** Tokens from one window of a text to the next, where the model cannot read it at once. */
  readonly stride?: number;
}

/** The probability of a text. */
export interface TextScorer {
  readonly scores: (
    items: readonly Item[],
    options?: ScoreOptions,
  ) => Promise<readonly TextScore[]>;
}

/**
 * The next token, step by step. Causal models continue their input; sequence-to-sequence models
 * read it and begin a text of their own.
 */
export interface TokenModel {
  readonly kind: 'causal' | 'sequence_to_sequence';
  readonly tokenizer: Tokenizer;
  readonly vocabularySize: number;
  /** Tokens that a sequence can have: input and continuation together in a causal model. */
  readonly maxTokens: number | undefined;
  /** The token that begins every text, where there is one. */
  readonly beginning?: number;
  /** Any of them ends a text. */
  readonly endTokens: readonly number[];
  /** Tokens that are never to be written, such as padding. */
  readonly bannedTokens: readonly number[];
  /** Beams, length penalty and the like, where the checkpoint brings its own. */
  readonly defaults: GenerationDefaults;
  readonly start: (
    inputs: readonly (readonly number[])[],
    options?: RequestOptions,
  ) => Promise<TokenStream>;
  /** Sequences that need not advance together, where the model keeps such. */
  readonly tree?: () => TokenTree;
  /**
   * Log-probabilities of the tokens of each row's continuation, given its input and what comes
   * before them, in one pass.
   */
  readonly continuationLogProbabilities: (
    rows: readonly {
      readonly input: readonly number[];
      readonly continuation: readonly number[];
    }[],
    options?: RequestOptions,
  ) => Promise<readonly Float64Array[]>;
}

/** As in generation_config.json. */
export interface GenerationDefaults {
  readonly beams?: number;
  readonly lengthPenalty?: number;
  readonly earlyStopping?: boolean;
  readonly maxNewTokens?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  /** The last token when a text reaches its longest. */
  readonly forcedEndToken?: number;
}

/** Sequences that grow together, with what the model remembers of them. */
export interface TokenStream {
  /**
   * [rows][vocabularySize]: of every token as the next one of each row. The memory is reused by
   * `advance`.
   */
  readonly logProbabilities: () => Float32Array;
  /**
   * [rows]: what was taken off each row's logits, where there are any: logit = log-probability +
   * normalizer. A fused distribution has none.
   */
  readonly logNormalizers?: () => Float32Array;
  readonly rowCount: () => number;
  /**
   * The sequences become rows `parents[i]`, each continued by `tokens[i]`. A row may be named several
   * times, or not at all, which drops it.
   */
  readonly advance: (
    parents: readonly number[],
    tokens: readonly number[],
    options?: RequestOptions,
  ) => Promise<void>;
  /**
   * Another stream with the same rows, which goes its own way from here; what is remembered is shared.
   * Without it, rows that are to wait while others advance must be computed once more.
   */
  readonly fork?: () => Promise<TokenStream>;
  readonly close: () => void;
}

/** Sequences that begin alike and part: a node is a token behind those on the way to it. */
export interface TokenTree {
  /** Continues nodes, all in one batch; each token becomes a node. */
  readonly grow: (branches: readonly TokenBranch[], options?: RequestOptions) => Promise<Growth>;
  /** Gives back what the model remembers of nodes; others may still continue what came of them. */
  readonly forget: (nodes: readonly number[]) => void;
  readonly close: () => void;
}

export interface TokenBranch {
  /** Undefined where a sequence begins. */
  readonly parent: number | undefined;
  readonly tokens: readonly number[];
}

export interface Growth {
  /** Of each branch those of its tokens. */
  readonly nodes: readonly (readonly number[])[];
  /** [tokens of all branches][vocabularySize]: of every token as the next one after each node. */
  readonly logProbabilities: Float32Array;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface TextRequest {
  readonly prompt: string | readonly ChatMessage[];
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
}

export interface TextResponse {
  readonly text: string;
  readonly finish: 'stop' | 'length';
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Of the whole answer, where the model tells. */
  readonly logProbability?: number;
}

/** Writes whole texts, for models whose tokens are out of reach. */
export interface Responder {
  /** `onText` gets the pieces of the text as they come. */
  readonly respond: (
    request: TextRequest,
    options?: RequestOptions & { readonly onText?: (piece: string) => void },
  ) => Promise<TextResponse>;
}

export interface WrittenText {
  readonly text: string;
  /** Of the whole text, where it is known. */
  readonly logProbability?: number;
}

/**
 * Writes one whole text per item in a way of its own: a file of predictions gives back what was
 * written before and knows items by their ids alone; a fusion of whole outputs searches by its recipe.
 */
export interface Writer {
  /** One text per item; an item that nothing can be written for is refused. */
  readonly texts: (
    items: readonly Item[],
    options?: RequestOptions,
  ) => Promise<readonly WrittenText[]>;
}
