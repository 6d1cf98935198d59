/**
 * A graph in its session, and what it takes and gives, whoever made it: the session says so itself.
 * Not its weights, and not what the values mean.
 */

import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { Feeds, Runtime } from './session.ts';

export interface Port {
  readonly name: string;
  /** As onnxruntime spells it, such as `float32`. */
  readonly type: Tensor.Type;
  /** A number, or a name where it is known only when the graph runs. */
  readonly dims: readonly (number | string)[];
}

export interface Ports {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export interface Running extends Ports {
  readonly runtime: Runtime;
  readonly session: InferenceSession;
  /** Beyond this length of a row its cache does not hold, and all is computed once more. */
  readonly switchLength?: number | undefined;
}

export function runningOf(runtime: Runtime, session: InferenceSession): Running {
  return {
    runtime,
    session,
    inputs: portsOf(session.inputMetadata),
    outputs: portsOf(session.outputMetadata),
  };
}

function portsOf(metadata: readonly InferenceSession.ValueMetadata[]): Port[] {
  return metadata.flatMap((port) =>
    port.isTensor ? [{ name: port.name, type: port.type, dims: port.shape }] : [],
  );
}

export function hasPort(ports: readonly Port[], name: string): boolean {
  return ports.some((port) => port.name === name);
}

/** Values by the names that graphs have for them, each made only if a graph asks for it. */
export type Offered = Readonly<Record<string, () => Tensor>>;

/** What the graph asks for, of what is offered. */
export function feedsOf({ inputs }: Ports, offered: Offered): Feeds {
  return Object.fromEntries(
    inputs.flatMap(({ name }) => {
      const make = offered[name];
      return make ? [[name, make()]] : [];
    }),
  );
}
