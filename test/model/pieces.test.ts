/** Rows in pieces and in batches: what a graph computes must not depend on how it is given. */

import * as runtime from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { CAUSAL, int64, openFamilyEngine, openGraph, worstError } from './family.ts';

type Opened = Awaited<ReturnType<typeof openGraph>>;
type Named = Readonly<Record<string, runtime.Tensor>>;

const ROW = [107, 16, 54, 29, 78, 11, 99, 3, 64];
const OTHER = [5, 61, 18, 90, 2, 33, 47, 120, 8];
const VOCABULARY = 128;

function emptyCache({ graph }: Opened, rows: number): Named {
  const ports = graph.inputs.filter(({ name }) => name.startsWith('past_key_values.'));
  return Object.fromEntries(
    ports.map(({ name, dims }) => {
      const shape = [rows, Number(dims[1]), 0, Number(dims[3])];
      return [name, new runtime.Tensor('float32', new Float32Array(0), shape)];
    }),
  );
}

/** Reads tokens [from, to) of the rows behind those of the cache. */
async function read(opened: Opened, [from, to]: readonly [number, number], cache: Named) {
  const rows = [ROW, OTHER];
  const out = await opened.session.run({
    input_ids: int64(rows.map((row) => row.slice(from, to))),
    attention_mask: int64(rows.map((row) => row.slice(0, to).map(() => 1))),
    position_ids: int64(rows.map((row) => row.slice(from, to).map((_, i) => from + i))),
    logits_from: new runtime.Tensor('int64', [0n], [1]),
    ...cache,
  });
  const present = Object.entries(out).filter(([name]) => name.startsWith('present.'));
  return {
    logits: out.logits!.data as Float32Array,
    cache: Object.fromEntries(
      present.map(([name, tensor]) => [name.replace('present', 'past_key_values'), tensor]),
    ),
  };
}

/** Logits of tokens [from, to) among those of whole rows. */
function part(logits: Float32Array, from: number, to: number): number[] {
  const size = ROW.length * VOCABULARY;
  return [0, 1].flatMap((row) => [
    ...logits.subarray(row * size + from * VOCABULARY, row * size + to * VOCABULARY),
  ]);
}

describe.each(CAUSAL)('%s', (name) => {
  it('reads in two pieces what it reads in one', async () => {
    const opened = await openGraph(name, 'config.json');
    const whole = await read(opened, [0, ROW.length], emptyCache(opened, 2));
    for (const cut of [1, 4, 7]) {
      const first = await read(opened, [0, cut], emptyCache(opened, 2));
      const second = await read(opened, [cut, ROW.length], first.cache);
      expect(worstError(first.logits, part(whole.logits, 0, cut), 1)).toBeLessThan(1);
      expect(worstError(second.logits, part(whole.logits, cut, ROW.length), 1)).toBeLessThan(1);
    }
  });
});

describe.each(['bert', 'roberta', 'distilbert'])('%s', (name) => {
  it('gives a row the same with and without padding behind it', async () => {
    const engine = await openFamilyEngine(name);
    const rows = [ROW.slice(0, 3), OTHER, ROW.slice(0, 6)];
    for (const run of [engine.classify, engine.embed]) {
      const together = await run(rows);
      const alone = await Promise.all(rows.map((row) => run([row])));
      const wanted = alone.flatMap((values) => [...values]);
      expect(worstError(together, wanted, 1)).toBeLessThan(1);
    }
    await engine.close();
  });

  it('does not see what stands in the padding', async () => {
    const { session } = await openGraph(name, 'config.json');
    const logits = async (filler: number) => {
      const ids = [...ROW.slice(0, 4), filler, filler];
      const feeds: Record<string, runtime.Tensor> = {
        input_ids: int64([ids]),
        attention_mask: int64([[1, 1, 1, 1, 0, 0]]),
        token_type_ids: int64([ids.map(() => 0)]),
      };
      const known = session.inputNames.map((port) => [port, feeds[port]!] as const);
      return (await session.run(Object.fromEntries(known))).logits!.data as Float32Array;
    };
    expect(worstError(await logits(77), [...(await logits(1))], 1)).toBeLessThan(1);
  });
});
