/** What an answer took, or left out, in a line. */

import type { PanelReport } from '../ensemble/panel/report.ts';
import { plural, printable } from './format.ts';

export function panelSummary({ calls, winner, totals, isLoneSurvivor }: PanelReport): string {
  const { latencyMs, inputTokens, outputTokens, cost } = totals;
  const lone = isLoneSurvivor ? ' (the only usable answer)' : '';
  return [
    `${printable(winner)}${lone}`,
    `${plural(calls.length, 'call')} in ${(latencyMs / 1000).toFixed(2)} s`,
    `${inputTokens} tokens read and ${outputTokens} written`,
    ...(cost === undefined ? [] : [`cost ${cost.toPrecision(3)}`]),
  ].join(', ');
}

/** Of an approximate fusion. */
export function unseenNote({ mean, max }: { readonly mean: number; readonly max: number }): string {
  const [average, most] = [mean, max].map((share) => `${(100 * share).toFixed(1)} %`);
  return `approximate: members did not list ${average} of the mass (${most} in the worst step)`;
}
