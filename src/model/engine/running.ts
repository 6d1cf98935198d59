/**
 * A graph in its session, and what it takes and gives, whoever made it: the session says so itself.
 * Not its weights, and not what the values mean.
 */

import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { type Cache, type CachePort, cachePortsOf } from './cache.ts';
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
  readonly cachePorts: readonly CachePort[];
  /** Beyond this length of a row its cache does not hold, and all is computed once more. */
  readonly switchLength?: number | undefined;
}

export function runningOf(runtime: Runtime, session: InferenceSession): Running {
  const ports = {
    inputs: portsOf(session.inputMetadata),
    outputs: portsOf(session.outputMetadata),
  };
  return { runtime, session, ...ports, cachePorts: cachePortsOf(ports) };
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

/** What the graph asks for, of what is offered, and its cache. */
export function feedsOf({ inputs }: Ports, offered: Offered, cache: Cache = {}): Feeds {
  const feeds: Feeds = { ...cache };
  for (const { name } of inputs) {
    const make = offered[name];
    if (make) feeds[name] = make();
  }
  return feeds;
}
