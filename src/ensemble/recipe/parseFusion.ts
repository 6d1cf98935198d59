/** The text of a fusion recipe to what it says. Opens no model. */

import { badInput } from '../../errors.ts';
import { parseLocatedDocuments } from '../../recipe/document.ts';
import {
  describeIssue,
  placeOf,
  placing,
  problemAt,
  type RecipeDocument,
  schemaProblem,
} from '../../recipe/problem.ts';
import { describeValue } from '../../recipe/spelling.ts';
import type { EnsembleKind, Task } from '../kind/kind.ts';
import { kindNamed } from '../kind/registry.ts';
import type { FailurePolicy } from '../member.ts';
import {
  COMMON_KEYS,
  commonSchema,
  type FitSettings,
  kindSchema,
  type RawEnsemble,
  type RawMember,
} from './schema.ts';

export interface FusionRecipe {
  readonly file: string;
  readonly kind: EnsembleKind;
  readonly task: Task | undefined;
  readonly members: readonly RawMember[];
  /** The kind's own keys. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Weights that are still to be fitted. */
  readonly toFit: FitSettings | undefined;
  readonly onFailure: FailurePolicy;
  /** `sentiment.yml:4: members[0]`, for messages about a member. */
  readonly placeOfMember: (index: number) => string;
}

/** Whether a text says `ensemble:` at its top, so that a merge recipe can be told from a fusion. */
export function isFusionText(text: string): boolean {
  return /^["']?ensemble["']?\s*:/m.test(text);
}

export function parseFusion(text: string, file: string): FusionRecipe {
  const documents = parseLocatedDocuments(text, file);
  if (documents.length !== 1) {
    throw badInput(`${file}: ${documents.length} documents, and a fusion recipe is one`);
  }
  const document: RecipeDocument = { ...documents[0]!, file };
  const kind = kindOf(document);
  const parsed = kindSchema(kind).safeParse(document.value, { error: describeIssue });
  if (!parsed.success) throw schemaProblem(document, parsed.error.issues);
  const raw = commonSchema.parse(parsed.data);
  assertWeights(document, raw, kind);
  assertQuorum(document, raw);
  return {
    file,
    kind,
    task: raw.task,
    members: raw.members,
    settings: ownSettings(parsed.data),
    toFit: raw.weights,
    onFailure: raw.on_failure ?? 'error',
    placeOfMember: (index) => placeOf(document, ['members', index]),
  };
}

function kindOf(document: RecipeDocument): EnsembleKind {
  const { value } = document;
  const name = typeof value === 'object' && value !== null ? Reflect.get(value, 'ensemble') : null;
  const path = ['ensemble'];
  if (typeof name !== 'string') {
    throw problemAt(document, path, `expected a kind of ensemble, got ${describeValue(name)}`);
  }
  return placing(document, path, () => kindNamed(name));
}

function ownSettings(parsed: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(parsed).filter(([key]) => !COMMON_KEYS.includes(key)));
}

function assertWeights(document: RecipeDocument, raw: RawEnsemble, kind: EnsembleKind): void {
  if (raw.weights === undefined) return;
  if (!kind.fit && !kind.fitFeatures) {
    throw problemAt(document, ['weights'], `an ensemble by ${kind.name} has nothing to fit`);
  }
  const weighted = raw.members.findIndex(({ weight }) => weight !== undefined);
  if (weighted < 0) return;
  const path = ['members', weighted, 'weight'];
  throw problemAt(
    document,
    path,
    'is written, and weights are to be fitted as well; leave one out',
  );
}

function assertQuorum(
  document: RecipeDocument,
  { on_failure: policy, members }: RawEnsemble,
): void {
  if (typeof policy !== 'object' || policy.quorum <= members.length) return;
  const message = `${policy.quorum}, but there are ${members.length} members`;
  throw problemAt(document, ['on_failure', 'quorum'], message);
}
