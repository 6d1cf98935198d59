/** All kinds of ensembles. A new one is a file beside this and a line here. */

import { badInput } from '../../errors.ts';
import { nearestWord, quoted } from '../../recipe/spelling.ts';
import { agreement } from './agreement.ts';
import { bayes } from './bayes.ts';
import { byteLevel } from './byteLevel.ts';
import type { EnsembleKind } from './kind.ts';
import { linear } from './linear.ts';
import { logLinear } from './logLinear.ts';
import { mbr, rerank } from './outputs.ts';
import { panel } from './panel.ts';
import { unionTopK } from './unionTopK.ts';
import { borda, condorcet, vote } from './votes.ts';

export const ENSEMBLE_KINDS: readonly EnsembleKind[] = [
  linear,
  logLinear,
  vote,
  borda,
  condorcet,
  bayes,
  byteLevel,
  agreement,
  unionTopK,
  mbr,
  rerank,
  panel,
];

export function kindNamed(name: string): EnsembleKind {
  const found = ENSEMBLE_KINDS.find((kind) => kind.name === name);
  if (found) return found;
  const names = ENSEMBLE_KINDS.map((kind) => kind.name);
  const nearest = nearestWord(name, names);
  const hint = nearest ? `did you mean ${quoted(nearest)}?` : `there are ${names.join(', ')}`;
  throw badInput(`${quoted(name)} is no kind of ensemble; ${hint}`);
}
