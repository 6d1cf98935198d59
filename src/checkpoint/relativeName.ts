/**
 * Whether a name that stands in an untrusted file stays inside the folder it is looked up in.
 * It judges the name alone: in the Hugging Face cache every file is a link to a place outside.
 */
export function isInsideName(name: string): boolean {
  if (name.includes('\\') || name.includes('\0') || /^[A-Za-z]:/.test(name)) return false;
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
