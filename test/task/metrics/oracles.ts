/** Values of sacrebleu and scikit-learn; each file says which version, and every convention. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BleuOptions } from '../../../src/task/metrics/bleu.ts';
import type { BleuSmoothing } from '../../../src/task/metrics/bleuScore.ts';
import type { BleuTokenizer } from '../../../src/task/metrics/bleuTokenizers.ts';
import type { ChrfOptions } from '../../../src/task/metrics/chrf.ts';
import type { LabelItem, TextItem } from '../../../src/task/metrics/metric.ts';
import type { TerWordsOptions } from '../../../src/task/metrics/terWords.ts';

/** Infinity and NaN are strings in JSON. */
type OracleNumber = number | 'Infinity' | 'NaN';

export interface LabelTable {
  readonly id: string;
  readonly classes: number;
  readonly labels: readonly number[];
  readonly probabilities: readonly (readonly number[])[];
  readonly expected: {
    readonly prediction: readonly number[];
    readonly accuracy: number;
    readonly perClass: { readonly f1: readonly number[] };
    readonly macroF1: number;
    readonly macroF1PresentClasses: number;
    readonly microF1: number;
    readonly logLoss: number;
    readonly logLossUnclipped: OracleNumber;
    readonly brier: number;
    readonly brierBinary?: number;
    readonly ece15: number;
    readonly maxCalibrationError15: number;
    readonly bins15: readonly (readonly [number, number, number, number])[];
  };
}

interface ExpectedBleu {
  readonly score: number;
  readonly counts: readonly number[];
  readonly totals: readonly number[];
  readonly precisions: readonly number[];
  readonly bp: number;
  readonly sysLen: number;
  readonly refLen: number;
}

export interface SegmentTable {
  readonly id: string;
  readonly kind: 'segments';
  readonly hypotheses: readonly string[];
  readonly references: readonly (readonly (string | null)[])[];
  readonly expected: {
    readonly bleu: readonly ExpectedBleu[];
    readonly chrf: readonly number[];
    readonly ter: readonly { score: number; edits: number; refLength: number }[];
    readonly sentenceBleu: readonly number[];
    readonly sentenceChrf: readonly number[];
    readonly sentenceChrfPlusPlus: readonly number[];
    readonly sentenceTer: readonly number[];
  };
}

export interface TokenizationTable {
  readonly id: string;
  readonly kind: 'tokenization';
  readonly strings: readonly string[];
  readonly expected: Readonly<Record<BleuTokenizer, readonly string[]>>;
}

export interface ExpectedMbr {
  readonly expected: readonly number[];
  readonly choice: number;
}

type MbrWeighting = 'unweighted' | 'weighted' | 'logProbability';

type Utility = { readonly utility: readonly (readonly number[])[] } & Readonly<
  Record<`${MbrWeighting}.${'withSelf' | 'withoutSelf'}`, ExpectedMbr>
>;

export interface MbrTable {
  readonly id: string;
  readonly candidates: readonly string[];
  readonly weights: readonly number[];
  readonly logProbabilities: readonly number[];
  readonly expected: Readonly<Record<'chrf' | 'chrfPlusPlus' | 'bleu', Utility>>;
}

export interface RandomTable extends TextItem {
  readonly bleu: Readonly<Record<BleuTokenizer, number>>;
  readonly chrf: readonly number[];
  readonly ter: readonly number[];
  readonly edits: readonly number[];
}

export interface LimitTable extends TextItem {
  readonly edits: number;
}

interface Configs {
  readonly bleu: readonly {
    tokenize: BleuTokenizer;
    smooth_method: BleuSmoothing['method'];
    smooth_value: number | null;
    effective_order: boolean;
    lowercase: boolean;
  }[];
  readonly chrf: readonly {
    word_order: number;
    lowercase: boolean;
    whitespace: boolean;
    eps_smoothing: boolean;
  }[];
  readonly ter: readonly {
    normalized: boolean;
    no_punct: boolean;
    asian_support: boolean;
    case_sensitive: boolean;
  }[];
}

interface Oracle<Table> {
  readonly configs: Configs;
  readonly tables: readonly Table[];
}

export const metricsOracle = read<LabelTable>('metrics');
export const translationOracle = read<SegmentTable | TokenizationTable>('translation');
export const mbrOracle = read<MbrTable>('mbr');
export const limitOracle = read<LimitTable>('limits');
export const randomOracle = read<RandomTable>('random');

function read<Table>(name: string): Oracle<Table> {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'oracles', `${name}.json`), 'utf8'));
}

const { configs } = translationOracle;

export const bleuOptions: (Required<BleuOptions> & { readonly label: string })[] = configs.bleu.map(
  (config) => ({
    label: JSON.stringify(config),
    tokenizer: config.tokenize,
    smoothing: {
      method: config.smooth_method,
      ...(config.smooth_value === null ? {} : { value: config.smooth_value }),
    },
    effectiveOrder: config.effective_order,
    lowercase: config.lowercase,
  }),
);

export const chrfOptions: ChrfOptions[] = configs.chrf.map((config) => ({
  wordOrder: config.word_order,
  lowercase: config.lowercase,
  whiteSpace: config.whitespace,
  meanOfScores: config.eps_smoothing,
}));

export const terOptions: TerWordsOptions[] = configs.ter.map((config) => ({
  normalised: config.normalized,
  dropPunctuation: config.no_punct,
  asian: config.asian_support,
  caseSensitive: config.case_sensitive,
}));

/** A reference that is null is missing for its item. */
export function textItems({ hypotheses, references }: SegmentTable): TextItem[] {
  return hypotheses.map((hypothesis, i) => ({
    hypothesis,
    references: references.map((stream) => stream[i]!).filter((text) => text !== null),
  }));
}

export function labelItems({ classes, labels, probabilities, expected }: LabelTable): LabelItem[] {
  return labels.map((truth, i) => ({
    classCount: classes,
    truth,
    choice: expected.prediction[i]!,
    probabilities: probabilities[i]!,
  }));
}
