/**
 * The token contexts that the searches over a member have come to. Each costs one forward pass of a
 * row, or a place in the pass over a known text; all that are wanted at once are one batch.
 */

import type { RequestOptions, TokenBranch, TokenTree } from '../../model/languageModel.ts';
import type { ByteMember } from './byteMember.ts';
import { contextOf, type TokenContext } from './tokenContext.ts';

export interface Wanted {
  readonly parent: TokenContext;
  readonly token: number;
}

export interface KnownTokens {
  readonly from: TokenContext;
  readonly tokens: readonly number[];
}

export interface Contexts {
  /** Behind the member's prefix alone; asked for once, before all else. Never forgotten. */
  readonly first: () => Promise<TokenContext>;
  /** Behind each context and token, in their order. */
  readonly extend: (wanted: readonly Wanted[]) => Promise<readonly TokenContext[]>;
  /** Reads the tokens of texts that are known already, side by side and in few passes. */
  readonly readAhead: (texts: readonly KnownTokens[]) => Promise<void>;
  /** Forgets all that neither is among them nor continues one of them. */
  readonly keepOnly: (live: Iterable<TokenContext>) => void;
  readonly close: () => void;
}

/** Rows of a batch, and tokens of a row that are read at once. */
const MOST_ROWS = 32;
const MOST_AHEAD = 64;

export function openContexts(
  member: ByteMember,
  tree: TokenTree,
  options: RequestOptions,
): Contexts {
  const known = new Set<TokenContext>();
  /** @returns the last context of each branch */
  const grow = async (branches: readonly (TokenBranch & { readonly from?: TokenContext })[]) => {
    const { nodes, logProbabilities } = await tree.grow(
      branches.map(({ parent, tokens }) => ({ parent, tokens })),
      options,
    );
    const rowOf = rowsOf(logProbabilities, member.model.vocabularySize);
    return branches.map(({ tokens, from }, b) => {
      const path = nodes[b]!.map((node) => ({ node, row: rowOf() }));
      return tokens.reduce<TokenContext | undefined>((context, token, i) => {
        const next = contextOf(member, (context?.length ?? 0) + 1, path[i]!);
        context?.children.set(token, next);
        known.add(next);
        return next;
      }, from)!;
    });
  };
  const forget = (gone: readonly TokenContext[]) => {
    for (const context of gone) known.delete(context);
    tree.forget(gone.map(({ node }) => node));
  };
  return {
    async first() {
      let context: TokenContext | undefined;
      for (const tokens of partsOf(member.prefix, MOST_AHEAD)) {
        const start = context ? { from: context, parent: context.node } : { parent: undefined };
        [context] = (await grow([{ ...start, tokens }])) as [TokenContext];
        forget([...known].filter((each) => each !== context));
      }
      known.clear();
      return context!;
    },
    async extend(wanted) {
      const isFirst = ({ parent, token }: Wanted, i: number) =>
        wanted.findIndex((each) => each.parent === parent && each.token === token) === i;
      const missing = wanted.filter(
        (each, i) => !each.parent.children.has(each.token) && isFirst(each, i),
      );
      for (const part of partsOf(missing, MOST_ROWS)) {
        await grow(
          part.map(({ parent, token }) => ({
            from: parent,
            parent: parent.node,
            tokens: [token],
          })),
        );
      }
      return wanted.map(({ parent, token }) => parent.children.get(token)!);
    },
    async readAhead(texts) {
      const contexts = texts.map(({ from }) => from);
      for (let at = 0; ; at += MOST_AHEAD) {
        const going = [...texts.keys()].filter((t) => texts[t]!.tokens.length > at);
        if (going.length === 0) return;
        const branches = going.map((t) => ({
          from: contexts[t]!,
          parent: contexts[t]!.node,
          tokens: texts[t]!.tokens.slice(at, at + MOST_AHEAD),
        }));
        const last = await grow(branches);
        for (const [i, t] of going.entries()) contexts[t] = last[i]!;
      }
    },
    keepOnly(live) {
      const marked = new Set<TokenContext>();
      const open = [...live];
      for (let context = open.pop(); context; context = open.pop()) {
        if (marked.has(context)) continue;
        marked.add(context);
        open.push(...context.children.values());
      }
      forget([...known].filter((context) => !marked.has(context)));
    },
    close: tree.close,
  };
}

function partsOf<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}

/** One row after the other. */
function rowsOf(values: Float32Array, size: number): () => Float32Array {
  let row = 0;
  return () => values.subarray(row * size, ++row * size);
}
