/**
 * An engine on the thread of whoever asks it. To hand a step to a thread and back takes about half a
 * millisecond, which is much for a model whose step takes one, and a run that is as short holds nobody
 * up. All others: remoteEngine.ts.
 */

import type { Engine } from './engine.ts';
import { closedError, type EngineSource, engineFrom, failureOf } from './engineSource.ts';

export async function openLocalEngine(source: EngineSource): Promise<Engine> {
  const engine = await engineFrom(source);
  let isClosed = false;
  async function call<T>(run: () => Promise<T>): Promise<T> {
    if (isClosed) throw closedError(source);
    try {
      return await run();
    } catch (error) {
      throw isClosed ? closedError(source) : failureOf(error);
    }
  }
  return {
    facts: engine.facts,
    classify: (rows) => call(() => engine.classify(rows)),
    embed: (rows) => call(() => engine.embed(rows)),
    start: (stream, inputs) => call(() => engine.start(stream, inputs)),
    advance: (stream, parents, tokens) => call(() => engine.advance(stream, parents, tokens)),
    fork: (stream, copy) => call(() => engine.fork(stream, copy)),
    end: (stream) => engine.end(stream),
    grow: (branches, forgotten) => call(() => engine.grow(branches, forgotten)),
    forget: (nodes) => engine.forget(nodes),
    score: (rows, sources) => call(() => engine.score(rows, sources)),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await engine.close();
    },
  };
}
