/**
 * Scalars as YAML users write them: `"0.5"`, `yes`.
 *
 * mergekit reads YAML 1.1, where yes, no, on and off are booleans, and turns number text into
 * numbers; both are done here for values whose type says so, and never for names.
 */

import { NUMBER_TEXT } from './schema.ts';

const TRUE_WORD = /^(?:true|yes|on)$/i;
const FALSE_WORD = /^(?:false|no|off)$/i;

export function toScalar(value: number | boolean | string): number | boolean | string {
  if (typeof value !== 'string') return value;
  if (NUMBER_TEXT.test(value)) return Number(value);
  if (TRUE_WORD.test(value)) return true;
  return FALSE_WORD.test(value) ? false : value;
}

export function toFlag(value: boolean | string | null | undefined): boolean {
  return typeof value === 'string' ? TRUE_WORD.test(value) : (value ?? false);
}
