/** What a panel's answer took, in a line. */

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
