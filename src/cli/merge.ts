/** `lmfuse merge <recipe> <out>`: merges checkpoints, or (`--dry-run`) prints the plan. */

import { type MergeOptions, type MergeProgress, merge, planMergeFile } from '../merge/merge.ts';
import { parseRecipeDtype } from '../tensor/dtype.ts';
import { hubCacheFolder } from './hubCacheFolder.ts';
import { idleWarnings } from './options.ts';
import { NO_PROGRESS, type Progress, startProgress } from './progress.ts';
import { renderPlan, renderReport } from './renderPlan.ts';
import type { Terminal } from './terminal.ts';

/** As commander parses them. */
export interface MergeFlags {
  readonly dryRun?: boolean;
  readonly threads?: number;
  readonly seed?: number;
  readonly randomSeed?: number;
  readonly shardSize?: number;
  readonly outShardSize?: number;
  readonly dtype?: string;
  readonly overwrite?: boolean;
  readonly sync?: boolean;
  readonly hash?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const PHASES: Readonly<Record<MergeProgress['phase'], string>> = {
  hash: 'hashing',
  merge: 'merging',
  sync: 'to disk',
  finish: 'finishing',
};

export async function runMerge(
  recipe: string,
  out: string,
  flags: MergeFlags,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const loud = flags.quiet !== true;
  const warn = (line: string) => {
    if (loud) terminal.tell(`warning: ${line}`);
  };
  idleWarnings(flags as Readonly<Record<string, unknown>>).forEach(warn);
  const options = mergeOptions(recipe, out, flags, terminal, signal);
  if (flags.dryRun) {
    const plan = await planMergeFile(options);
    plan.warnings.forEach(warn);
    terminal.print(
      flags.json ? JSON.stringify(plan, null, 2) : plan.stages.map(renderPlan).join('\n\n'),
    );
    return;
  }
  const progress = loud && !flags.json ? startProgress(terminal) : NO_PROGRESS;
  const started = performance.now();
  try {
    const report = await merge({ ...options, onProgress: (state) => show(progress, state) });
    progress.end();
    const seconds = (performance.now() - started) / 1000;
    report.warnings.forEach(warn);
    if (flags.json) terminal.print(JSON.stringify({ ...report, seconds }, null, 2));
    else if (loud) terminal.print(renderReport(report, out, seconds));
  } finally {
    progress.end();
  }
}

function mergeOptions(
  recipe: string,
  out: string,
  flags: MergeFlags,
  { env, home, currentFolder }: Terminal,
  signal: AbortSignal,
): MergeOptions {
  const seed = flags.seed ?? flags.randomSeed;
  const shardSize = flags.shardSize ?? flags.outShardSize;
  return {
    recipe,
    out,
    currentFolder,
    cacheFolder: hubCacheFolder(env, home),
    signal,
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
    ...(seed === undefined ? {} : { seed }),
    ...(shardSize === undefined ? {} : { shardSize }),
    ...(flags.dtype === undefined ? {} : { dtype: parseRecipeDtype(flags.dtype, '--dtype') }),
    overwrite: flags.overwrite === true,
    noSync: flags.sync === false,
    hash: flags.hash === true,
  };
}

function show(progress: Progress, state: MergeProgress): void {
  const stage = state.stage === undefined ? '' : `${state.stage}: `;
  progress.update({
    label: stage + PHASES[state.phase],
    doneBytes: state.doneBytes,
    totalBytes: state.totalBytes,
    movedBytes: state.bytesRead + state.bytesWritten,
  });
}
