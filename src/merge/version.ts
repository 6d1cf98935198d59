/** The package's own version, as package.json says. */

import { readFileSync } from 'node:fs';
import { packageFile } from '../io/packageFile.ts';

export function packageVersion(): string {
  const text = readFileSync(packageFile('package.json'), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
