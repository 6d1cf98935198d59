/** What a recipe may say of a panel: plain data. Names in it are those of members. */

import * as z from 'zod';
import { badInput } from '../../errors.ts';
import { closedObject } from '../../recipe/closedObject.ts';
import { describeIssue } from '../../recipe/problem.ts';
import { quoted } from '../../recipe/spelling.ts';

export const PANEL_MODES = ['aggregate', 'judge', 'vote', 'first', 'cascade', 'route'] as const;
export type PanelMode = (typeof PANEL_MODES)[number];

/** A longer timer would fire at once. */
const MOST_SECONDS = (2 ** 31 - 1) / 1000;

const name = z.string().min(1);
const seconds = z.number().positive().max(MOST_SECONDS);
const price = z.number().nonnegative();

const pricesOfMember = closedObject({
  input: price.describe('Of a million tokens read.'),
  output: price.describe('Of a million tokens written.'),
}).meta({ id: 'prices' });

const prompt = (...places: readonly string[]) =>
  z
    .string()
    .refine((text) => places.every((place) => text.includes(place)), {
      error: `must have ${places.join(' and ')} in it`,
    })
    .optional();

const prompts = closedObject({
  aggregate: prompt('{question}', '{candidates}').describe("The aggregator's."),
  compare: prompt('{question}', '{candidates}').describe("A judge's of two answers."),
  choose: prompt('{question}', '{candidates}').describe("A judge's of a list of answers."),
  rate: prompt('{question}', '{candidates}').describe("A judge's of one answer, from 1 to 10."),
}).meta({ id: 'panelPrompts' });

export const PANEL_KEYS = {
  mode: z
    .enum(PANEL_MODES)
    .optional()
    .describe('How one answer comes out of several; aggregate unless given.'),
  proposers: z
    .array(name)
    .min(1)
    .optional()
    .describe('Members that answer the question; all unless given.'),
  aggregator: name.optional().describe('The member that writes the answer out of the others.'),
  judge: name.optional().describe('The member that compares answers, or rates them.'),
  layers: z
    .int()
    .min(1)
    .max(10)
    .optional()
    .describe('Of proposers, each reading the one before; 1.'),
  samples: z.int().min(1).max(100).optional().describe('Answers of each proposer; 1.'),
  judging: z
    .enum(['pairwise', 'listwise'])
    .optional()
    .describe('Two answers at a time, in both orders, or all at once; pairwise unless given.'),
  rounds: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('Orders in which a list is judged; as many as there are answers.'),
  judge_max_tokens: z.int().min(1).optional().describe('The longest verdict; 1024.'),
  confidence: z
    .enum(['log_probability', 'judge'])
    .optional()
    .describe('Of a cascade: the mean per token, or a rating from 0.1 to 1.'),
  threshold: z.number().optional().describe('The confidence at which a cascade ends.'),
  quorum: z.int().min(1).optional().describe('Usable answers that are enough; all unless given.'),
  grace_seconds: z
    .number()
    .nonnegative()
    .max(MOST_SECONDS)
    .optional()
    .describe('What the others still have once there are enough; 0.'),
  timeout_seconds: seconds.optional().describe('Of one call; 120.'),
  total_timeout_seconds: seconds.optional().describe('Of the whole; none unless given.'),
  allow_cut: z.boolean().optional().describe('Whether an answer cut at its longest is usable.'),
  max_source_tokens: z
    .int()
    .min(1)
    .optional()
    .describe('Of an answer that is shown to another member, estimated; 2000.'),
  prices: z
    .record(name, pricesOfMember)
    .optional()
    .describe('By member, of a million tokens, all in one currency.'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .optional()
    .describe('Of the order of answers; 0.'),
  prompts: prompts.optional().describe('With {question} and {candidates} in each.'),
} as const;

export const panelSettings = closedObject(PANEL_KEYS);

export type PanelSettings = z.output<typeof panelSettings>;

/** For settings that no recipe's parser has seen. */
export function checkedSettings(settings: PanelSettings): PanelSettings {
  const parsed = panelSettings.safeParse(settings, { error: describeIssue });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const subject = issue?.path.join('.') || 'panel';
  const key =
    issue?.code === 'unrecognized_keys' ? `unknown key ${quoted(issue.keys[0] ?? '')}; ` : '';
  throw badInput(`${subject}: ${key}${issue?.message}`);
}
