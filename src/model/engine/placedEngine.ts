/** Where an engine runs: on a thread of its own, or on that of whoever opens it. */

import type { Engine } from './engine.ts';
import type { EngineSource } from './engineSource.ts';
import { openLocalEngine } from './localEngine.ts';
import { startEngine } from './remoteEngine.ts';

export interface PlacementOptions {
  /**
   * Whether the model runs on a thread of its own, so that models run side by side and the caller goes
   * on meanwhile; by default if it is not small.
   */
  readonly ownThread?: boolean;
}

/** Below it, a step takes about a millisecond. */
const SMALL_PARAMETERS = 1e7;

/** @param parameters how many the model has */
export function openPlacedEngine(
  source: EngineSource,
  parameters: number,
  { ownThread = parameters >= SMALL_PARAMETERS }: PlacementOptions,
): Promise<Engine> {
  return ownThread ? startEngine(source) : openLocalEngine(source);
}
