/**
 * Progress of a long job on standard error: a bar on a terminal, else a plain line every few
 * seconds, once the job has lasted long enough for anyone to wonder.
 */

import { SingleBar } from 'cli-progress';
import { columnsOf, type Output } from './context.ts';
import { formatBytes, formatSeconds } from './format.ts';

export interface ProgressUpdate {
  /** What is being done: `merging`. */
  readonly label: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Bytes read and written since the job began. */
  readonly movedBytes: number;
}

export interface ProgressDisplay {
  readonly update: (update: ProgressUpdate) => void;
  /** Takes the bar away; later updates are ignored. */
  readonly stop: () => void;
}

export const NO_PROGRESS: ProgressDisplay = { update: () => {}, stop: () => {} };

const BAR_AFTER_MS = 200;
const LINES_AFTER_MS = 2000;
const LINES_EVERY_MS = 5000;

/** @param speedText how a speed in units (bytes, unless `speedText` says otherwise) a second reads */
export function createProgress(
  output: Output,
  now = () => performance.now(),
  speedText = (speed: number) => `${formatBytes(speed)}/s`,
): ProgressDisplay {
  const pace = createPace(now);
  return output.isTTY
    ? barDisplay(output, pace, now, speedText)
    : lineDisplay(output, pace, now, speedText);
}

type SpeedText = (speed: number) => string;

function lineDisplay(
  output: Output,
  pace: Pace,
  now: () => number,
  speedText: SpeedText,
): ProgressDisplay {
  let nextMs = now() + LINES_AFTER_MS;
  let isStopped = false;
  return {
    update(update) {
      const measured = pace(update);
      if (isStopped || now() < nextMs) return;
      output.write(`${renderLine(update, measured, speedText)}\n`);
      nextMs = now() + LINES_EVERY_MS;
    },
    stop() {
      isStopped = true;
    },
  };
}

function barDisplay(
  output: Output,
  pace: Pace,
  now: () => number,
  speedText: SpeedText,
): ProgressDisplay {
  const startMs = now() + BAR_AFTER_MS;
  let bar: SingleBar | undefined;
  let text = '';
  let isStopped = false;
  return {
    update(update) {
      const measured = pace(update);
      if (isStopped || now() < startMs) return;
      text = renderBar(update, measured, columnsOf(output), speedText);
      bar ??= startBar(output, () => text);
      bar.update(update.doneBytes);
    },
    stop() {
      isStopped = true;
      bar?.stop();
      bar = undefined;
    },
  };
}

function startBar(output: Output, text: () => string): SingleBar {
  const bar = new SingleBar({
    stream: output as unknown as NodeJS.WritableStream,
    format: text,
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(1, 0);
  return bar;
}

interface Measured {
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | undefined;
}

type Pace = (update: ProgressUpdate) => Measured;

/** Speed is that of the last few seconds: disks and caches change their minds. */
const WINDOW_MS = 4000;

function createPace(now: () => number): Pace {
  let samples: { ms: number; update: ProgressUpdate }[] = [];
  return (update) => {
    const ms = now();
    if (samples.at(-1)?.update.label !== update.label) samples = [];
    samples.push({ ms, update });
    while (samples.length > 2 && ms - samples[1]!.ms > WINDOW_MS) samples.shift();
    const first = samples[0]!;
    const seconds = (ms - first.ms) / 1000;
    if (seconds <= 0) return { bytesPerSecond: 0, secondsLeft: undefined };
    const donePerSecond = (update.doneBytes - first.update.doneBytes) / seconds;
    const left = update.totalBytes - update.doneBytes;
    return {
      bytesPerSecond: (update.movedBytes - first.update.movedBytes) / seconds,
      secondsLeft: donePerSecond > 0 ? left / donePerSecond : undefined,
    };
  };
}

const BAR_WIDTH = 28;

function renderBar(
  update: ProgressUpdate,
  measured: Measured,
  columns: number,
  speedText: SpeedText,
): string {
  const filled = Math.round(shareOf(update) * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  return `${update.label} ${bar} ${figures(update, measured, speedText)}`.slice(0, columns - 1);
}

function renderLine(update: ProgressUpdate, measured: Measured, speedText: SpeedText): string {
  return `${update.label}: ${figures(update, measured, speedText)}`;
}

function figures(
  update: ProgressUpdate,
  { bytesPerSecond, secondsLeft }: Measured,
  speedText: SpeedText,
): string {
  const percent = `${Math.floor(shareOf(update) * 100)} %`;
  const speed = bytesPerSecond > 0 ? [speedText(bytesPerSecond)] : [];
  const left = secondsLeft === undefined ? [] : [`${formatSeconds(secondsLeft)} left`];
  return [percent, ...speed, ...left].join(', ');
}

function shareOf({ doneBytes, totalBytes }: ProgressUpdate): number {
  return totalBytes > 0 ? Math.min(1, doneBytes / totalBytes) : 1;
}
