/** All merge methods. A new one is a file beside this one and a line in this list. */

import { badInput } from '../../errors.ts';
import { nearestWord } from '../../recipe/spelling.ts';
import { arceeFusion } from './arceeFusion.ts';
import { breadcrumbs, breadcrumbsTies } from './breadcrumbs.ts';
import { dareLinear, dareTies } from './dare.ts';
import { della, dellaLinear } from './della.ts';
import { karcher } from './karcher.ts';
import { linear } from './linear.ts';
import type { MergeMethod } from './method.ts';
import { modelStock } from './modelStock.ts';
import { multislerp } from './multislerp.ts';
import { nearswap } from './nearswap.ts';
import { nuslerp } from './nuslerp.ts';
import { passthrough } from './passthrough.ts';
import { ram, ramplusTl } from './ram.ts';
import { sce } from './sce.ts';
import { slerp } from './slerp.ts';
import { taskArithmetic } from './taskArithmetic.ts';
import { ties } from './ties.ts';

export const MERGE_METHODS: readonly MergeMethod[] = [
  linear,
  slerp,
  nuslerp,
  multislerp,
  karcher,
  taskArithmetic,
  ties,
  dareLinear,
  dareTies,
  della,
  dellaLinear,
  breadcrumbs,
  breadcrumbsTies,
  sce,
  ram,
  ramplusTl,
  modelStock,
  nearswap,
  arceeFusion,
  passthrough,
];

/** The method of this name, or an error that suggests the nearest one. */
export function mergeMethod(name: string, place: string): MergeMethod {
  const method = MERGE_METHODS.find((candidate) => candidate.name === name);
  if (method) return method;
  const names = MERGE_METHODS.map((candidate) => candidate.name);
  const near = nearestWord(name, names);
  const hint = near ? `did you mean "${near}"?` : `known: ${names.join(', ')}`;
  throw badInput(`${place}: unknown merge method "${name}"; ${hint}`);
}
