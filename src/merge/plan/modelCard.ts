/** README.md of the output, in the form that the Hugging Face Hub reads. */

import { stringify } from 'yaml';
import { isInHubCache } from '../../checkpoint/hubCache.ts';
import type { FilePlanInput } from './planFiles.ts';

export function modelCard(input: FilePlanInput): string {
  const { plan, recipeText, inputs, version } = input;
  const hubParents = plan.models
    .filter(({ checkpoint }) => isInHubCache(checkpoint.path))
    .map(({ reference }) => reference);
  const header = {
    ...(hubParents.length > 0 ? { base_model: hubParents } : {}),
    library_name: 'transformers',
    tags: ['merge', 'lmfuse'],
  };
  return [
    '---',
    stringify(header).trimEnd(),
    '---',
    '# Merged model',
    '',
    `Made by lmfuse ${version} with the method \`${plan.method.name}\`${baseSentence(plan.recipe.baseModel)}.`,
    '',
    '## Parents',
    '',
    '| model | file | bytes | SHA-256 of the header |',
    '|---|---|---|---|',
    ...inputs.flatMap(({ reference, files }) =>
      files.map((f) => `| ${reference} | ${f.name} | ${f.byteLength} | \`${f.headerSha256}\` |`),
    ),
    '',
    ...contentHashes(input),
    ...notesSection(plan.notes),
    '## Recipe',
    '',
    '```yaml',
    recipeText.trimEnd(),
    '```',
    '',
  ].join('\n');
}

function baseSentence(base: string | undefined): string {
  return base === undefined ? '' : `, the base model being \`${base}\``;
}

function contentHashes({ inputs }: FilePlanInput): string[] {
  const hashed = inputs.flatMap(({ files }) => files.filter(({ sha256 }) => sha256 !== undefined));
  if (hashed.length === 0) return [];
  return [
    'SHA-256 of the whole files:',
    '',
    ...hashed.map(({ name, sha256 }) => `- ${name}: \`${sha256}\``),
    '',
  ];
}

function notesSection(notes: readonly string[]): string[] {
  if (notes.length === 0) return [];
  return ['## Notes', '', ...notes.map((note) => `- ${note}`), ''];
}
