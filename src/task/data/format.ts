/** Formats of data files, and how a name tells them. Not how they are read: that is rows.ts. */

import { badInput } from '../../errors.ts';

/**
 * `tsv`: a header, one tab between fields, no quoting. `csv`: RFC 4180 with a header. `jsonl`: a JSON
 * object a line. `text`: a text a line.
 */
export const DATA_FORMATS = ['tsv', 'csv', 'jsonl', 'text'] as const;

export type DataFormat = (typeof DATA_FORMATS)[number];

const ENDINGS: Readonly<Record<string, DataFormat>> = {
  '.tsv': 'tsv',
  '.csv': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.txt': 'text',
};

/** The format that a file's name tells; undefined when it tells none. */
export function formatOfName(name: string): DataFormat | undefined {
  const bare = name.toLowerCase().replace(/\.gz$/, '');
  return Object.entries(ENDINGS).find(([ending]) => bare.endsWith(ending))?.[1];
}

/** The format of the file at `path`. */
export function formatOfPath(path: string): DataFormat {
  const format = formatOfName(path);
  if (format) return format;
  throw badInput(
    `${path}: its ending is none of ${Object.keys(ENDINGS).join(', ')} (or those with .gz); ` +
      `say what it is with --format ${DATA_FORMATS.slice(0, -1).join(', ')} or ${DATA_FORMATS.at(-1)}`,
  );
}

export function isGzipName(name: string): boolean {
  return /\.gz$/i.test(name);
}
