/** Text from an untrusted file, made fit for an error message: one short line, nothing invisible. */

const MAX_SHOWN = 120;

export function printable(text: string): string {
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
  return JSON.stringify(shown)
    .slice(1, -1)
    .replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g, '?');
}
