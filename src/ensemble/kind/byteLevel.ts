/** `ensemble: byte_level`, members of different tokenizers fused byte by byte: byteLevel/fuseByBytes.ts. */

import * as z from 'zod';
import { badInput } from '../../errors.ts';
import { requireAbility } from '../../model/abilities.ts';
import { byteMember } from '../byteLevel/byteMember.ts';
import type { FuseRows } from '../byteLevel/byteRows.ts';
import { bitsPerByte } from '../byteLevel/certificate.ts';
import { type ByteFusion, fuseByBytes } from '../byteLevel/fuseByBytes.ts';
import type { BytesExplanation } from '../explanation.ts';
import type { Member } from '../member.ts';
import { updatedLogWeights } from '../pool/bayes.ts';
import { linearPool, linearPoolOfLogWeights, logWeightsOf } from '../pool/linearPool.ts';
import { logLinearPool } from '../pool/logLinearPool.ts';
import { generationDefaults, generationSchema } from './generation.ts';
import { defineKind } from './kind.ts';

const POOLS = ['linear', 'log_linear', 'bayes'] as const;
type PoolName = (typeof POOLS)[number];

export const byteLevel = defineKind({
  name: 'byte_level',
  summary:
    'Members of different tokenizers, fused exactly by the next byte; text comes out as UTF-8.',
  tasks: ['text-generation'],
  needsAll: true,
  fit: ({ pool, strength = 1 }) => {
    if (pool === 'log_linear') {
      throw badInput('byte_level: weights can be fitted for the pools linear and bayes alone');
    }
    return {
      pool: 'linear',
      perText: pool === 'bayes' && strength === 1,
      asFitted: (members) => members.map(alone),
    };
  },
  keys: {
    pool: z.enum(POOLS).optional().describe('Of the 257 outcomes; linear unless given.'),
    strength: z.number().min(0).optional().describe('Of the bayes pool; 1 unless given.'),
    floor: z.number().min(0).lt(1).optional().describe('Of the log_linear pool.'),
    width: z.int().min(1).optional().describe('Tokenizations that are followed; 4 unless given.'),
    least_share: z
      .number()
      .min(0)
      .lt(1)
      .optional()
      .describe('Of the mass, for a tokenization to be followed; 0.003 unless given.'),
    generation: generationSchema,
  },
  create: (members, { pool = 'linear', strength = 1, floor, generation, ...beam }, { name }) => {
    const weights = members.map(({ weight }) => weight);
    const fusion = fuseByBytes(
      members.map((each) => byteMember(each.name, requireAbility(each.model, 'next'))),
      FUSE[pool](weights, { strength, floor: floor ?? 0 }),
      beamSettings(beam),
    );
    const defaults = generationDefaults(generation) ?? {};
    return {
      next: { ...fusion.next, defaults },
      score: fusion.score,
      explain: async (item, options = {}) =>
        explainBytes(members, fusion, item.text, name, options),
    };
  },
});

function beamSettings({
  width,
  least_share: leastShare,
}: {
  width?: number | undefined;
  least_share?: number | undefined;
}) {
  return {
    ...(width === undefined ? {} : { width }),
    ...(leastShare === undefined ? {} : { leastShare }),
  };
}

interface PoolSettings {
  readonly strength: number;
  readonly floor: number;
}

const FUSE: Readonly<
  Record<PoolName, (weights: readonly number[], settings: PoolSettings) => FuseRows>
> = {
  linear: (weights) => (rows, out) => linearPool(rows, weights, out),
  log_linear:
    (weights, { floor }) =>
    (rows, out) =>
      logLinearPool(rows, weights, out.length, out, { floor }),
  bayes: (weights, { strength }) => {
    const priors = logWeightsOf(weights);
    return (rows, out, heard) =>
      linearPoolOfLogWeights(rows, updatedLogWeights(priors, heard, priors, strength), out);
  },
};

/** A member by itself, over bytes: what its weight is fitted by. */
function alone(member: Member): Member {
  const { name, model } = member;
  const { next } = fuseByBytes(
    [byteMember(name, requireAbility(model, 'next'))],
    FUSE.linear([1], { strength: 0, floor: 0 }),
  );
  return { ...member, model: { ...model, next } };
}

async function explainBytes(
  members: readonly Member[],
  fusion: ByteFusion,
  text: string,
  name: string,
  options: Parameters<ByteFusion['certify']>[1],
): Promise<BytesExplanation> {
  const [scores] = await fusion.certify([{ id: name, text }], options);
  const byteCount = scores!.logProbabilities.length;
  const sum = scores!.logProbabilities.reduce((total, x) => total + x, 0);
  return {
    kind: 'bytes',
    text,
    bitsPerByte: byteCount > 0 ? -sum / Math.LN2 / byteCount : 0,
    members: scores!.members.map((bounds, i) => ({
      member: members[i]!.name,
      weight: members[i]!.weight,
      bitsPerByte: bitsPerByte(bounds, Math.max(1, byteCount)),
      isVacuous: bounds.isVacuous,
      worstStep: bounds.worstStep,
    })),
  };
}
