/**
 * A graph under construction: values and the operators between them, as ONNX has them. It holds no
 * weights, only which tensors of the checkpoint it needs. Not an optimizer: the runtime folds
 * constants and fuses operators.
 */

import type { Shape } from '../../tensor/shape.ts';

/** The name of a tensor in the graph. */
export type Value = string & { readonly __value: never };

export type ElementType = 'float32' | 'int64' | 'bool' | 'uint8' | 'int8';
/** A number, or the name of a dimension that is known when the graph runs. */
export type Dimension = number | string;
export type Attribute = number | string | readonly number[] | { readonly float: number };
export type Attributes = Readonly<Record<string, Attribute>>;

export interface GraphPort {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly Dimension[];
}

export interface GraphNode {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** Small data that belongs to the graph itself. */
export interface GraphConstant {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: Shape;
  readonly values: readonly number[];
}

/** A tensor of the checkpoint, in float32. */
export interface GraphWeight {
  readonly name: string;
  readonly dims: Shape;
}

export interface Graph {
  readonly inputs: readonly GraphPort[];
  readonly outputs: readonly GraphPort[];
  readonly nodes: readonly GraphNode[];
  readonly constants: readonly GraphConstant[];
  readonly weights: readonly GraphWeight[];
}

/** Tensors that a graph may be built from. */
export interface WeightSource {
  /** The name under which the checkpoint has this tensor, or undefined. */
  readonly find: (name: string) => string | undefined;
  /** Of a name that `find` returned. */
  readonly shapeOf: (stored: string) => Shape;
  /** Raises that this tensor is missing. */
  readonly missing: (name: string) => never;
}

export interface GraphBuilder {
  readonly graph: Graph;
  readonly input: (name: string, type: ElementType, dims: readonly Dimension[]) => Value;
  readonly output: (
    name: string,
    value: Value,
    type: ElementType,
    dims: readonly Dimension[],
  ) => void;
  /** A tensor of the checkpoint; its shape is checked if given. */
  readonly weight: (name: string, shape?: Shape) => Value;
  readonly hasWeight: (name: string) => boolean;
  readonly shapeOf: (name: string) => Shape;
  readonly floats: (values: readonly number[], dims?: Shape) => Value;
  readonly ints: (values: readonly number[], dims?: Shape) => Value;
  readonly apply: (op: string, inputs: readonly (Value | undefined)[], a?: Attributes) => Value;
  readonly applyMany: (
    op: string,
    inputs: readonly (Value | undefined)[],
    count: number,
    attributes?: Attributes,
  ) => Value[];
}

/** Operators that onnxruntime adds to ONNX's own. */
const MICROSOFT = new Set(['RotaryEmbedding']);

export function createGraphBuilder(
  source: WeightSource,
  checkShape: (name: string, actual: Shape, expected: Shape) => void,
): GraphBuilder {
  const inputs: GraphPort[] = [];
  const outputs: GraphPort[] = [];
  const nodes: GraphNode[] = [];
  const constants = new Map<string, GraphConstant>();
  const weights = new Map<string, GraphWeight>();
  /** Values that are outputs, by the names of those: an Identity in their place would copy a cache. */
  const outputNames = new Map<string, string>();
  const named = (value: string) => outputNames.get(value) ?? value;
  const isMade = (value: string) => nodes.some(({ outputs: made }) => made.includes(value));

  function constant(type: ElementType, values: readonly number[], dims: Shape): Value {
    const name = `constant:${type}:${dims.join('x')}:${values.join(',')}`;
    if (!constants.has(name)) constants.set(name, { name, type, dims, values });
    return name as Value;
  }
  const storedName = (name: string) => source.find(name) ?? source.missing(name);
  function weight(name: string, expected?: Shape): Value {
    const stored = storedName(name);
    const dims = source.shapeOf(stored);
    if (expected) checkShape(stored, dims, expected);
    weights.set(stored, { name: stored, dims });
    return stored as Value;
  }
  function applyMany(
    op: string,
    from: readonly (Value | undefined)[],
    count: number,
    attributes: Attributes = {},
  ): Value[] {
    const made = Array.from({ length: count }, (_, i) => `${op}:${nodes.length}:${i}` as Value);
    const domain = MICROSOFT.has(op) ? 'com.microsoft' : '';
    nodes.push({ op, domain, inputs: from.map((v) => v ?? ''), outputs: made, attributes });
    return made;
  }
  return {
    graph: {
      inputs,
      outputs,
      get nodes() {
        return nodes.map((node) => ({
          ...node,
          inputs: node.inputs.map(named),
          outputs: node.outputs.map(named),
        }));
      },
      get constants() {
        return [...constants.values()];
      },
      get weights() {
        return [...weights.values()];
      },
    },
    input(name, type, dims) {
      inputs.push({ name, type, dims });
      return name as Value;
    },
    output(name, value, type, dims) {
      if (isMade(value) && !outputNames.has(value)) outputNames.set(value, name);
      else
        nodes.push({
          op: 'Identity',
          domain: '',
          inputs: [value],
          outputs: [name],
          attributes: {},
        });
      outputs.push({ name, type, dims });
    },
    weight,
    hasWeight: (name) => source.find(name) !== undefined,
    shapeOf: (name) => source.shapeOf(storedName(name)),
    floats: (values, dims = [values.length]) => constant('float32', values, dims),
    ints: (values, dims = [values.length]) => constant('int64', values, dims),
    apply: (op, from, attributes) => applyMany(op, from, 1, attributes)[0]!,
    applyMany,
  };
}
