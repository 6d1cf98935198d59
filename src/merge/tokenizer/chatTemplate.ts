/** The recipe's `chat_template`: `auto`, the name of a built-in template, or Jinja text. */

import { distance } from 'fastest-levenshtein';
import { badInput } from '../../errors.ts';
import { BUILTIN_TEMPLATES } from './builtinTemplates.ts';
import { parseJsonObject, serializeJson } from './json.ts';
import { type TokenizerFiles, withFile } from './tokenizerFiles.ts';
import type { TokenTable, Vocabulary } from './vocabulary.ts';

export interface ChatTemplateInput {
  readonly setting: string;
  /** The templates of the merged models, in recipe order. */
  readonly templates: readonly (string | undefined)[];
  /** The model whose tokenizer files the output has. */
  readonly source: Vocabulary;
  /** The output's vocabulary. */
  readonly output: TokenTable;
}

/**
 * The files with the template in tokenizer_config.json, and in chat_template.jinja where the source
 * has that, because loaders prefer it.
 */
export function applyChatTemplate(
  { setting, templates, source, output }: ChatTemplateInput,
  files: TokenizerFiles,
): { readonly files: TokenizerFiles; readonly notes: readonly string[] } {
  const template = chooseChatTemplate(setting, templates);
  if (template === undefined)
    return { files, notes: ['chat_template: auto, but no model has one'] };
  const config = currentConfig(source, files);
  const content = serializeJson({ ...config, chat_template: template });
  const changed = withFile(files, { name: 'tokenizer_config.json', content });
  const withJinja = source.files.includes('chat_template.jinja')
    ? withFile(changed, { name: 'chat_template.jinja', content: template })
    : changed;
  return { files: withJinja, notes: missingTokens(setting, output) };
}

/** `auto` is the template that most models have (of equals the first), or undefined if none has one. */
export function chooseChatTemplate(
  setting: string,
  templates: readonly (string | undefined)[],
): string | undefined {
  if (setting === 'auto') return mostCommon(templates.filter((template) => template !== undefined));
  if (Object.hasOwn(BUILTIN_TEMPLATES, setting)) return BUILTIN_TEMPLATES[setting]!.template;
  if (/\{[{%]/.test(setting)) return setting;
  const names = ['auto', ...Object.keys(BUILTIN_TEMPLATES)];
  const nearest = names.reduce((a, b) => (distance(setting, b) < distance(setting, a) ? b : a));
  throw badInput(
    `chat_template: unknown template ${JSON.stringify(setting)}, did you mean "${nearest}"? ` +
      `Known: ${names.join(', ')}, or Jinja text`,
  );
}

function mostCommon(templates: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const template of templates) counts.set(template, (counts.get(template) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts].find(([, count]) => count === most)?.[0];
}

function currentConfig(source: Vocabulary, files: TokenizerFiles) {
  const written = files.files.find(({ name }) => name === 'tokenizer_config.json');
  return written
    ? parseJsonObject(written.content, 'tokenizer_config.json of the output')
    : (source.tokenizerConfig ?? {});
}

function missingTokens(setting: string, output: TokenTable): string[] {
  const tokens = Object.hasOwn(BUILTIN_TEMPLATES, setting)
    ? BUILTIN_TEMPLATES[setting]!.tokens
    : [];
  const missing = tokens.filter((token) => !output.tokens.has(token));
  if (missing.length === 0) return [];
  return [
    `chat_template: ${setting} uses ${missing.join(', ')}, which the output vocabulary lacks`,
  ];
}
