// One merge in a process of its own, so that its peak memory can be read: prints a line of JSON.
//
//   node bench/mergeOnce.mjs --recipe file --out folder [--threads N] [--no-sync] [--warm]
//
// With --warm the tasks of the plan write over the bytes of the files in `out`, which must have the
// output's sizes already: no new file, no header, no sync, no rename. The public interface has no
// such thing, so this takes the plan and hands it to the executor.
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { merge } from '../dist/index.js';
import { runJob } from '../dist/merge/execute/runJob.js';
import { planStages } from '../dist/merge/run/planStages.js';

/** VmHWM of this process, all threads included. */
function peakBytes() {
  const line = readFileSync('/proc/self/status', 'utf8').match(/^VmHWM:\s+(\d+) kB$/m);
  if (!line) throw new Error('/proc/self/status names no VmHWM');
  return Number(line[1]) * 1024;
}

async function mergeWarm(options, folder) {
  const planned = await planStages(options);
  const { plan, summary } = planned.stages[0];
  const outputFiles = plan.shards.map(({ name, byteLength }) => {
    const path = join(folder, name);
    const found = statSync(path).size;
    if (found !== byteLength) throw new Error(`${path}: has ${found} bytes, not ${byteLength}`);
    return { path, byteLength };
  });
  await runJob(
    { inputFiles: plan.inputFiles, outputFiles, tasks: plan.tasks },
    { threads: summary.threads, pending: plan.tasks.map((_, i) => i), onTaskDone: () => {} },
  );
  return { resumed: false };
}

const { values } = parseArgs({
  options: {
    recipe: { type: 'string' },
    out: { type: 'string' },
    threads: { type: 'string', default: '2' },
    'no-sync': { type: 'boolean', default: false },
    warm: { type: 'boolean', default: false },
  },
});
const options = {
  recipe: values.recipe,
  out: values.warm ? `${values.out}-absent` : values.out,
  // The recipe lies in `recipes/` beside the models that it names.
  currentFolder: dirname(dirname(values.recipe)),
  threads: Number(values.threads),
  noSync: values['no-sync'],
  // One file, as the floor writes.
  shardSize: Number.MAX_SAFE_INTEGER,
};
const started = performance.now();
const report = values.warm ? await mergeWarm(options, values.out) : await merge(options);
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ seconds, peakBytes: peakBytes(), resumed: report.resumed }));
