/** Lists of named facts, the names in a left column and the values wrapped beside them. */

import { printable, wrap } from './format.ts';

/** A fact with several values takes a line for each. */
export type Fact = readonly [name: string, ...values: string[]];

const NAME_WIDTH = 12;

export function renderFacts(facts: readonly Fact[], columns: number): string {
  return facts.flatMap((fact) => renderFact(fact, columns)).join('\n');
}

function renderFact([name, ...values]: Fact, columns: number): string[] {
  const width = Math.max(20, columns - NAME_WIDTH);
  return values
    .flatMap((value) => hanging(printable(value), width))
    .map((line, index) => (index === 0 ? name : '').padEnd(NAME_WIDTH) + line)
    .map((line) => line.trimEnd());
}

/** Continuation lines of one value are indented, so that the next value can be told from them. */
function hanging(value: string, width: number): string[] {
  const [first = '', ...rest] = wrap(value, width);
  return [first, ...rest.flatMap((line) => wrap(line, width - 2)).map((line) => `  ${line}`)];
}
