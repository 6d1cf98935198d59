/**
 * Which members wrote a text: it is written by whatever search, and then read again token by token,
 * with what each member expected there. A member moved a choice if without it another token would have
 * been the most probable one.
 */

import { generateText, type TextOptions } from '../../model/generate/generateText.ts';
import type { RequestOptions } from '../../model/languageModel.ts';
import { argmax } from '../../numeric/argmax.ts';
import type { Explain, TokenStep } from '../explanation.ts';
import { forceTexts } from './forced.ts';
import {
  type FusedStream,
  type FusionRule,
  type MemberRows,
  openFusedStream,
} from './fusedStream.ts';
import { fusedTokenModel } from './fusedTokenModel.ts';
import type { TokenPool, Weights } from './tokenPool.ts';

export function tokenExplainer(rule: FusionRule, search: TextOptions): Explain {
  const model = fusedTokenModel(rule);
  return async ({ text }, options = {}) => {
    const input = model.tokenizer.encode(text);
    const [found] = await generateText(model, [input], { ...search, ...options });
    const { tokens, text: written } = found!.hypotheses[0]!;
    const steps = await explainSteps(rule, { input, continuation: tokens }, options);
    return { kind: 'tokens', text: written, steps };
  };
}

async function explainSteps(
  rule: FusionRule,
  text: { readonly input: readonly number[]; readonly continuation: readonly number[] },
  options: RequestOptions,
): Promise<TokenStep[]> {
  const steps: TokenStep[] = [];
  await forceTexts(
    (inputs, given) => openFusedStream(rule, inputs, given),
    [text],
    (stream, _row, _text, _place, token) => {
      steps.push(stepOf(rule, stream, token));
    },
    options,
  );
  return steps;
}

/** Of a stream of one row. */
function stepOf(rule: FusionRule, stream: FusedStream, token: number): TokenStep {
  const said = stream.members();
  const { tokenizer } = rule.members[0]!.model.next!;
  const textOf = (id: number) => tokenizer.decode([id], { specialTokens: true });
  const favourite = argmax(stream.logProbabilities());
  return {
    token: textOf(token),
    logProbability: stream.logProbabilities()[token]!,
    members: said.map(({ member, rows, weights }) => ({
      member: member.name,
      weight: weights[0]!,
      logProbability: rows[token]!,
      favourite: textOf(argmax(rows)),
    })),
    movedBy: said
      .filter((each) => favouriteWithout(rule, said, each) !== favourite)
      .map(({ member }) => member.name),
  };
}

function favouriteWithout(
  { pool, size }: FusionRule,
  said: readonly MemberRows[],
  left: MemberRows,
): number | undefined {
  const others = said.filter((each) => each !== left);
  if (others.every(({ member }) => member.weight === 0)) return undefined;
  const out = new Float32Array(size);
  pool.pool(
    others.map(({ rows }) => rows),
    weightsOf(pool, others),
    size,
    out,
  );
  return argmax(out);
}

function weightsOf({ dynamic }: TokenPool, said: readonly MemberRows[]): Weights {
  const shares = said.map(({ weights }) => weights[0]!);
  return dynamic ? dynamic.begin(shares) : shares;
}
