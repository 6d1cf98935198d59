/**
 * Every merge method once more, in float64 and plain loops over whole tensors, written from the
 * formulas alone: what the library's results are compared with. Shares no code with src/.
 */

import { arceeFusion, linear, nearswap, passthrough, ram, ramplusTl, sce } from './others.ts';
import { karcher, modelStock, multislerp, nuslerp, slerp } from './spherical.ts';
import {
  breadcrumbs,
  breadcrumbsTies,
  dareLinear,
  dareTies,
  della,
  dellaLinear,
  taskArithmetic,
  ties,
} from './taskVectors.ts';
import type { Problem, Solution } from './vectors.ts';

export const REFERENCE: Readonly<Record<string, (problem: Problem) => Solution>> = {
  linear,
  slerp,
  nuslerp,
  multislerp,
  karcher,
  task_arithmetic: taskArithmetic,
  ties,
  dare_linear: dareLinear,
  dare_ties: dareTies,
  della,
  della_linear: dellaLinear,
  breadcrumbs,
  breadcrumbs_ties: breadcrumbsTies,
  sce,
  ram,
  ramplus_tl: ramplusTl,
  model_stock: modelStock,
  nearswap,
  arcee_fusion: arceeFusion,
  passthrough,
};
