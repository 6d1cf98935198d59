/** int8 matrices and graphs against what they stand for, within what rounding can do. */

import * as runtime from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { exportedGraph } from '../../src/model/convert/exportedGraph.ts';
import { quantizeMatrix } from '../../src/model/convert/quantize.ts';
import { quantizedGraph } from '../../src/model/convert/quantizedGraph.ts';
import { tensorGroups } from '../../src/model/convert/tensorGroups.ts';
import { createGraphBuilder, type GraphBuilder, type Value } from '../../src/model/graph/graph.ts';
import { encodeMessage } from '../../src/model/graph/proto.ts';
import { modelMessage } from '../../src/model/graph/serialize.ts';
import { seededRandom } from '../../src/numeric/random.ts';

/** From -1 to 1. */
function numbers(count: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => random.nextUint32() / 2 ** 31 - 1);
}

const [ROWS, COLUMNS] = [48, 40];
const weights = numbers(ROWS * COLUMNS, 1);
/** A channel of zeros, and one with an outlier. */
weights.fill(0, 3 * COLUMNS, 4 * COLUMNS);
weights[5 * COLUMNS + 7] = 100;

describe('a matrix in int8', () => {
  it.each(['rows', 'columns'] as const)('is off by half a step, scaled by %s', (channels) => {
    for (const transposes of [false, true]) {
      const layout = { rows: ROWS, columns: COLUMNS, channels, transposes };
      const { values, scales } = quantizeMatrix(weights, layout);
      expect(scales.length).toBe(channels === 'rows' ? ROWS : COLUMNS);
      for (let row = 0; row < ROWS; row++) {
        for (let column = 0; column < COLUMNS; column++) {
          const value = values[transposes ? column * ROWS + row : row * COLUMNS + column]!;
          const scale = scales[channels === 'rows' ? row : column]!;
          const error = Math.abs(weights[row * COLUMNS + column]! - value * scale);
          expect(error).toBeLessThanOrEqual(scale * 0.5001);
          expect(Math.abs(value)).toBeLessThanOrEqual(64);
        }
      }
    }
  });
});

/** The graph's output in float32 and in int8, for x = [TOKENS, inputs]. */
const TOKENS = 6;
async function bothOf(build: (g: GraphBuilder, x: Value, ids: Value) => Value, inputs: number) {
  const shapes: Readonly<Record<string, readonly number[]>> = { w: [ROWS, COLUMNS], b: [ROWS] };
  const source = {
    find: (name: string) => (name in shapes ? name : undefined),
    shapeOf: (name: string) => shapes[name]!,
    missing: (name: string): never => {
      throw new Error(name);
    },
  };
  const g = createGraphBuilder(source, () => {});
  const x = g.input('x', 'float32', ['tokens', inputs]);
  const ids = g.input('ids', 'int64', ['tokens']);
  g.output('y', build(g, x, ids), 'float32', ['tokens', 'width']);
  const graph = exportedGraph(g.graph);
  const values = numbers(TOKENS * inputs, 2);
  const feeds = {
    x: new runtime.Tensor('float32', values, [TOKENS, inputs]),
    ids: new runtime.Tensor('int64', BigInt64Array.from([0, 3, 5, 7, 1, 0], BigInt), [TOKENS]),
  };
  const bias = numbers(ROWS, 3);
  const run = async (quantized: Parameters<typeof tensorGroups>[0]) => {
    const groups = tensorGroups(quantized, (name) => (name === 'w' ? weights : bias));
    const { graph: message, ...model } = modelMessage(quantized.graph);
    const initializer = groups.flatMap(({ tensors, read }) => {
      const bytes = read();
      return tensors.map(({ name, dims, type }, i) => ({
        name,
        dims,
        dataType: type === 'int8' ? 3 : 1,
        rawData: bytes[i],
      }));
    });
    const whole = { ...message, initializer: [...message.initializer, ...initializer] };
    const bytes = encodeMessage('ModelProto', { ...model, graph: whole });
    const session = await runtime.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const { y } = await session.run(feeds);
    return [...(y!.data as Float32Array)];
  };
  const inInt8 = quantizedGraph(graph);
  return {
    x: values,
    int8: await run(inInt8),
    float32: await run({ graph, quantized: [] }),
    inInt8,
  };
}

/**
 * With w' = w + e, |e| <= s_w / 2, and x' = x + d, |d| <= s_x, an element of x' w' differs from that of
 * x w by at most sum |x| s_w / 2 + sum |w'| s_x.
 */
function boundOf(x: Float32Array, token: number, out: number, isByRow: boolean): number {
  const [inputs, outputs] = isByRow ? [COLUMNS, ROWS] : [ROWS, COLUMNS];
  const layout = { rows: ROWS, columns: COLUMNS, transposes: false } as const;
  const channels = isByRow ? 'rows' : 'columns';
  const { values, scales } = quantizeMatrix(weights, { ...layout, channels });
  const step = (Math.max(0, ...x) - Math.min(0, ...x)) / 255;
  let bound = 1e-4;
  for (let i = 0; i < inputs; i++) {
    const at = isByRow ? out * inputs + i : i * outputs + out;
    bound += Math.abs(x[token * inputs + i]!) * scales[out]! * 0.51;
    bound += Math.abs(values[at]! * scales[out]!) * step;
  }
  return bound;
}

describe('a graph in int8', () => {
  const gemm = (attributes: object) => (g: GraphBuilder, x: Value) =>
    g.apply('Gemm', [x, g.weight('w'), ...('transB' in attributes ? [g.weight('b')] : [])], {
      ...attributes,
    });
  it.each([
    ['by [out, in], with a bias', gemm({ transB: 1 }), true, 1],
    ['by [out, in], scaled', gemm({ transB: 1, alpha: { float: 0.25 } }), true, 0.25],
    ['by [in, out]', gemm({}), false, 1],
    [
      'by [in, out], as MatMul',
      (g: GraphBuilder, x: Value) => g.apply('MatMul', [x, g.weight('w')]),
      false,
      1,
    ],
  ] as const)('multiplies %s', async (_, build, isByRow, factor) => {
    const { x, int8, float32, inInt8 } = await bothOf(build, isByRow ? COLUMNS : ROWS);
    expect(inInt8.quantized.map(({ weight }) => weight.name)).toEqual(['w']);
    const outputs = isByRow ? ROWS : COLUMNS;
    int8.forEach((value, i) => {
      const [token, out] = [Math.floor(i / outputs), i % outputs];
      const bound = factor * boundOf(x, token, out, isByRow);
      expect(Math.abs(value - float32[i]!)).toBeLessThanOrEqual(bound + 1e-4);
    });
    expect(int8).not.toEqual(float32);
  });

  it('looks up rows, of a table that is the last layer as well', async () => {
    const build = (g: GraphBuilder, x: Value, ids: Value) => {
      const rows = g.apply('Gather', [g.weight('w'), ids], { axis: 0 });
      return g.apply('Concat', [rows, g.apply('Gemm', [x, g.weight('w')], { transB: 1 })], {
        axis: 1,
      });
    };
    const { x, int8, float32, inInt8 } = await bothOf(build, COLUMNS);
    expect(inInt8.graph.nodes.filter(({ op }) => op === 'Transpose')).toHaveLength(1);
    const scales = quantizeMatrix(weights, {
      rows: ROWS,
      columns: COLUMNS,
      channels: 'rows',
      transposes: false,
    }).scales;
    const ids = [0, 3, 5, 7, 1, 0];
    int8.forEach((value, i) => {
      const [token, at] = [Math.floor(i / (ROWS + COLUMNS)), i % (ROWS + COLUMNS)];
      const bound =
        at < COLUMNS ? scales[ids[token]!]! * 0.51 : boundOf(x, token, at - COLUMNS, true);
      expect(Math.abs(value - float32[i]!)).toBeLessThanOrEqual(bound);
    });
  });

  it('leaves alone what is used in other ways', async () => {
    const { int8, float32, inInt8 } = await bothOf((g, x) => {
      const both = g.apply('Gemm', [x, g.weight('w')], { transB: 1 });
      return g.apply('Add', [both, g.apply('ReduceSum', [g.weight('w')], { keepdims: 0 })]);
    }, COLUMNS);
    expect(inInt8.quantized).toEqual([]);
    expect(int8).toEqual(float32);
  });
});
