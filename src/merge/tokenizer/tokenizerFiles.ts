/** Which files make up a tokenizer, and what a merge does with them in the output folder. */

const NAMES = new Set([
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'vocab.txt',
  'merges.txt',
  'tokenizer.model',
  'tokenizer.model.v3',
  'spiece.model',
  'sentencepiece.bpe.model',
  'spm.model',
  'source.spm',
  'target.spm',
  'tekken.json',
  'chat_template.jinja',
]);

export function isTokenizerFile(name: string): boolean {
  return NAMES.has(name) || name.endsWith('.tiktoken');
}

/** Files that hold a vocabulary beside tokenizer.json, for loaders that do not read that one. */
export function isSlowVocabularyFile(name: string): boolean {
  return /^(vocab\.(json|txt)|merges\.txt|added_tokens\.json|tekken\.json)$|\.(model|model\.v3|spm|tiktoken)$/.test(
    name,
  );
}

export interface TextFile {
  readonly name: string;
  readonly content: string;
}

/**
 * Changes to the output folder, into which all other files of the owner (the base, else the first
 * model) are copied. Nothing listed: the owner's tokenizer is the output's.
 */
export interface TokenizerFiles {
  /** Written anew, in place of a copied file of that name. */
  readonly files: readonly TextFile[];
  /** Copied as they are from the model with this index, in place of the owner's. */
  readonly copies: readonly { readonly model: number; readonly name: string }[];
  /** Files of the owner that are not copied. */
  readonly omitted: readonly string[];
}

/** `changes` with one more file written. */
export function withFile(changes: TokenizerFiles, file: TextFile): TokenizerFiles {
  return {
    files: [...changes.files.filter(({ name }) => name !== file.name), file],
    copies: changes.copies.filter(({ name }) => name !== file.name),
    omitted: changes.omitted.filter((name) => name !== file.name),
  };
}
