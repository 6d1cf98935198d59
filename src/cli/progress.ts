/**
 * Progress of a long job: a bar on a terminal, else a plain line now and then. Jobs of under two
 * seconds show nothing.
 */

import { Presets, SingleBar } from 'cli-progress';
import { formatBytes, formatSeconds } from './formatting.ts';
import type { Terminal } from './terminal.ts';

export interface ProgressState {
  readonly label: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Bytes read and written so far. */
  readonly movedBytes: number;
}

export interface Progress {
  readonly update: (state: ProgressState) => void;
  readonly end: () => void;
}

const QUIET_MS = 2000;
const LINE_MS = 5000;

export const NO_PROGRESS: Progress = { update: () => {}, end: () => {} };

export function startProgress(terminal: Terminal): Progress {
  return terminal.bar ? barProgress(terminal.bar) : lineProgress(terminal);
}

function barProgress(stream: NodeJS.WritableStream): Progress {
  const started = performance.now();
  let bar: SingleBar | undefined;
  return {
    update(state) {
      if (performance.now() - started < QUIET_MS) return;
      if (!bar) {
        bar = new SingleBar(
          {
            format: '{label} {bar} {percentage}% | {rate}/s | {left} left',
            stream,
            hideCursor: true,
            clearOnComplete: true,
            barsize: 24,
          },
          Presets.shades_classic,
        );
        bar.start(state.totalBytes, state.doneBytes, describe(state, started));
      }
      bar.update(state.doneBytes, describe(state, started));
    },
    end: () => bar?.stop(),
  };
}

function lineProgress(terminal: Terminal): Progress {
  const started = performance.now();
  let next = QUIET_MS;
  return {
    update(state) {
      if (performance.now() - started < next) return;
      next = performance.now() - started + LINE_MS;
      const { label, rate, left } = describe(state, started);
      const percent = Math.floor((100 * state.doneBytes) / Math.max(1, state.totalBytes));
      terminal.tell(`${label} ${percent}%, ${rate}/s, ${left} left`);
    },
    end: () => {},
  };
}

function describe({ label, doneBytes, totalBytes, movedBytes }: ProgressState, started: number) {
  const seconds = (performance.now() - started) / 1000;
  const left = doneBytes > 0 ? (seconds * (totalBytes - doneBytes)) / doneBytes : undefined;
  return {
    label,
    rate: formatBytes(movedBytes / seconds),
    left: left === undefined ? '?' : formatSeconds(left),
  };
}
