/**
 * Brings written data to the disk while the rest is still being computed: the disk works when the
 * processor does, instead of after it.
 */

import { close as closeCallback, fdatasync, fsync as fsyncCallback, open } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { explained } from './outputFolder.ts';

export interface BackgroundSync {
  /** Says that the file has new data. */
  readonly touched: (file: number) => void;
  /** Brings everything to the disk and closes the files. */
  readonly finish: () => Promise<void>;
  /** Stops without a last sync. */
  readonly abandon: () => Promise<void>;
}

const PAUSE_MS = 50;

export const NO_SYNC: BackgroundSync = {
  touched: () => {},
  finish: async () => {},
  abandon: async () => {},
};

const sync = { data: promisify(fdatasync), all: promisify(fsyncCallback) };

/** `currentFile` tells which file may get data without `touched` being called for it. */
export async function startBackgroundSync(
  paths: readonly string[],
  currentFile: () => number | undefined,
): Promise<BackgroundSync> {
  const descriptors = await Promise.all(paths.map((path) => promisify(open)(path, 'r+')));
  const dirty = new Set<number>();
  let running = true;
  let failure: { readonly error: unknown } | undefined;
  const syncFile = (how: (descriptor: number) => Promise<void>, file: number) =>
    explained(paths[file]!, () => how(descriptors[file]!));
  const loop = (async () => {
    while (running) {
      const current = currentFile();
      const files = new Set(dirty);
      dirty.clear();
      if (current !== undefined) files.add(current);
      for (const file of files) await syncFile(sync.data, file);
      await setTimeout(PAUSE_MS);
    }
  })().catch((error: unknown) => {
    failure = { error };
  });
  const end = async () => {
    running = false;
    await loop;
  };
  const closeAll = () => Promise.all(descriptors.map((fd) => promisify(closeCallback)(fd)));
  return {
    touched: (file) => void dirty.add(file),
    async finish() {
      await end();
      try {
        if (failure) throw failure.error;
        await Promise.all(descriptors.map((_, file) => syncFile(sync.all, file)));
      } finally {
        await closeAll();
      }
    },
    async abandon() {
      await end();
      await closeAll();
    },
  };
}
