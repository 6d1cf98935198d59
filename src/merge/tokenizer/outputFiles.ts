/**
 * The tokenizer files of the output: those of the model whose vocabulary it keeps, as they are when
 * nothing is added, else with the new tokens.
 */

import {
  allAddedTokens,
  extendTokenizerJson,
  nameOfHole,
  spellsAlike,
} from './extendTokenizerJson.ts';
import { serializeJson } from './json.ts';
import type { OutputVocabulary, TokenizerModel } from './outputVocabulary.ts';
import { appendedMerges, type Entry, entriesOf, modelOf } from './pieces.ts';
import type { TokenSetting } from './setting.ts';
import { isSlowVocabularyFile, type TextFile, type TokenizerFiles } from './tokenizerFiles.ts';
import { serializeAddedToken, type Vocabulary } from './vocabulary.ts';

export function planTokenizerFiles(
  output: OutputVocabulary,
  owner: number,
  models: readonly TokenizerModel[],
  tokens: Readonly<Record<string, TokenSetting>>,
): TokenizerFiles & { readonly notes: readonly string[] } {
  const source = models[output.source]!.vocabulary;
  const entries = entriesOf(output.additions, models, tokens);
  const written = entries.length > 0 ? writtenFiles(source, output, entries) : [];
  const stale = entries.length > 0 ? staleFiles(source, entries) : [];
  const isWritten = (name: string) => written.some((file) => file.name === name);
  const kept = source.files.filter((name) => !isWritten(name) && !stale.includes(name));
  const copied = output.source === owner ? [] : kept;
  return {
    files: written,
    copies: copied.map((name) => ({ model: output.source, name })),
    omitted: models[owner]!.vocabulary.files.filter(
      (name) => !isWritten(name) && !kept.includes(name),
    ),
    notes: [...staleNote(source, stale), ...pieceNotes(source, entries)],
  };
}

function writtenFiles(
  source: Vocabulary,
  output: OutputVocabulary,
  entries: readonly Entry[],
): TextFile[] {
  const files: TextFile[] = [];
  if (source.tokenizerJson) {
    const json = extendTokenizerJson(source, output, entries);
    files.push({ name: 'tokenizer.json', content: serializeJson(json) });
  } else {
    files.push(plainVocabulary(source, output));
  }
  const config = source.tokenizerConfig;
  if (!source.tokenizerJson || config?.added_tokens_decoder !== undefined) {
    const decoder = allAddedTokens(source, entries).map(({ id, token }) => [
      id,
      serializeAddedToken(token),
    ]);
    const content = { ...config, added_tokens_decoder: Object.fromEntries(decoder) };
    files.push({ name: 'tokenizer_config.json', content: serializeJson(content) });
  }
  if (readsAddedTokens(source) && !hasPieces(entries)) {
    const pairs = allAddedTokens(source, entries).map(({ id, token }) => [token.content, id]);
    files.push({ name: 'added_tokens.json', content: serializeJson(Object.fromEntries(pairs)) });
  }
  return files;
}

/** For a tokenizer without tokenizer.json: all tokens with their ids. */
function plainVocabulary(source: Vocabulary, output: OutputVocabulary): TextFile {
  if (source.files.includes('vocab.json')) {
    const pairs = output.byId.flatMap((token, id) => (token === undefined ? [] : [[token, id]]));
    return { name: 'vocab.json', content: serializeJson(Object.fromEntries(pairs)) };
  }
  const lines = output.byId.map((token, id) => `${token ?? nameOfHole(id)}\n`);
  return { name: 'vocab.txt', content: lines.join('') };
}

function hasPieces(entries: readonly Entry[]): boolean {
  return entries.some(({ added }) => added === undefined);
}

/** Loaders of these files learn of added tokens from added_tokens.json. */
function readsAddedTokens(source: Vocabulary): boolean {
  return source.files.some(isSlowVocabularyFile);
}

/**
 * Files beside tokenizer.json that cannot name new pieces. With added tokens alone they stay right,
 * through added_tokens.json.
 */
function staleFiles(source: Vocabulary, entries: readonly Entry[]): string[] {
  if (!hasPieces(entries)) return [];
  if (source.tokenizerJson) return source.files.filter(isSlowVocabularyFile);
  return source.files.filter((name) => name === 'added_tokens.json');
}

function staleNote(source: Vocabulary, stale: readonly string[]): string[] {
  if (!source.tokenizerJson || stale.length === 0) return [];
  return [
    `${stale.join(', ')} of ${source.reference} are left out: they cannot name the new tokens; tokenizer.json does`,
  ];
}

function pieceNotes(source: Vocabulary, entries: readonly Entry[]): string[] {
  const lenders = new Set(entries.flatMap(({ from, added }) => (from && !added ? [from] : [])));
  return [...lenders].flatMap((from) => {
    const alike = spellsAlike(source, from)
      ? []
      : [
          `${from.reference}: its tokenizer normalizes or splits text unlike that of ${source.reference}; new tokens keep its spelling`,
        ];
    const extending = appendedMerges(modelOf(source), modelOf(from)) !== undefined;
    if (source.kind !== 'BPE' || extending) return alike;
    return [
      ...alike,
      `${from.reference}: no merges are added for its pieces, so the tokenizer of ${source.reference} splits text as before; ` +
        'new pieces have their rows and can be decoded, but few are found in text',
    ];
  });
}
