/**
 * Models named without the folders of this machine: what an output says about its parents is the same
 * wherever it was made, and tells nobody who made it where. Only absolute paths are shortened, to as
 * many of their last parts as tell them apart.
 */

/** On any system, whatever system this one is. */
const ABSOLUTE = /^([\\/]|[a-zA-Z]:[\\/])/;

/** Replaces the absolute ones among `references` wherever they stand in a text. */
export function portableNames(references: readonly string[]): (text: string) => string {
  const absolute = references.filter((reference) => ABSOLUTE.test(reference));
  const names = absolute.map((path) => [path, shortName(path, absolute)] as const);
  // The longest first: one may be the beginning of another.
  const ordered = names.sort(([a], [b]) => b.length - a.length);
  return (text) => ordered.reduce((result, [path, name]) => result.replaceAll(path, name), text);
}

function shortName(path: string, all: readonly string[]): string {
  const parts = partsOf(path);
  for (let count = 1; count < parts.length; count++) {
    const name = parts.slice(-count).join('/');
    const same = all.filter((other) => partsOf(other).slice(-count).join('/') === name);
    if (same.length === 1) return name;
  }
  return parts.join('/');
}

function partsOf(path: string): string[] {
  return path.split(/[\\/]+/).filter((part) => part !== '');
}
