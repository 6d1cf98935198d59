/** What the tests of documents read out of them. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..');

export const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'docs/recipes.md',
  'docs/checkpoints.md',
  'docs/models.md',
  'docs/convert.md',
  'docs/ensembles.md',
  'docs/panels.md',
  'docs/serve.md',
  'examples/README.md',
  ...readdirSync(join(ROOT, 'docs/methods')).map((name) => `docs/methods/${name}`),
];

export const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');

export function blocks(page: string, language: string): string[] {
  const fenced = [...read(page).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
  return fenced.filter((match) => match[1] === language).map((match) => match[2] ?? '');
}

/** The cells of every row of every table of a text. */
export function tableRows(text: string): string[][] {
  return [...text.matchAll(/^\|(.*)\|$/gm)].map((row) =>
    (row[1] ?? '').split('|').map((cell) => cell.trim()),
  );
}

/** What stands below a heading, up to the next one of its level. */
export function section(page: string, title: string): string {
  const parts = read(page).split(/^## /m);
  const found = parts.find((part) => part.startsWith(`${title}\n`));
  if (found === undefined) throw new Error(`${page} has no section "${title}"`);
  return found;
}

/** A fusion recipe, not one of a merge. */
export function isFusion(recipe: string): boolean {
  return /^ensemble:/m.test(recipe);
}

/** `# sentiment.yml` at the top of a recipe says which file the page's commands mean. */
export function fileNameOf(recipe: string): string | undefined {
  return /^# (\S+\.yml)\b/.exec(recipe)?.[1];
}
