/**
 * White space as the metrics' definitions mean it: that of Unicode, and the four separators before
 * the space (U+001C to U+001F). A regular expression's \s and trimEnd mean another set: they have the
 * byte order mark and lack the next-line character.
 */

const SEPARATORS = String.fromCharCode(0x1c, 0x1d, 0x1e, 0x1f);
const WHITE = `[\\p{White_Space}${SEPARATORS}]`;
const RUN = new RegExp(`${WHITE}+`, 'u');
const ONE = new RegExp(WHITE, 'u');

export function splitWords(text: string): string[] {
  return text.split(RUN).filter((word) => word !== '');
}

export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ONE.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}
