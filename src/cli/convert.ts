/** `lmfuse convert <model> <out> --to onnx`: a folder that transformers.js loads. */

import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { resolveModel } from '../checkpoint/reference.ts';
import { type ConvertReport, convertToOnnx } from '../model/convert/convertToOnnx.ts';
import { type CliContext, cacheFolderOf } from './context.ts';
import { formatBytes } from './format.ts';
import { withInterrupts } from './interrupts.ts';
import { createProgress, NO_PROGRESS } from './progress.ts';

interface ConvertCommandOptions {
  readonly to: 'onnx';
  readonly quantize?: 'int8';
  readonly overwrite?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
Writes config, tokenizer and the graph in onnx/, as transformers.js and others
that run ONNX expect them. lmfuse runs such folders as well.

Examples:
  lmfuse convert ./my-model ./my-model-onnx --to onnx
  lmfuse convert ./my-model ./my-model-onnx --to onnx --quantize int8`;

export function addConvertCommand(program: Command, context: CliContext): void {
  program
    .command('convert')
    .summary('write a checkpoint as ONNX')
    .description('Writes a checkpoint in another format.')
    .argument('<model>', 'folder or org/name')
    .argument('<out>', 'folder to write')
    .addOption(new Option('--to <format>', 'format to write').choices(['onnx']).default('onnx'))
    .addOption(
      new Option('--quantize <type>', 'and once more with small weights').choices(['int8']),
    )
    .option('--overwrite', 'replace <out> if lmfuse made it')
    .option('--json', 'print one JSON document')
    .option('-q, --quiet', 'no progress')
    .addHelpText('after', EXAMPLES)
    .action((model: string, out: string, options: ConvertCommandOptions) =>
      runConvert(model, out, options, context),
    );
}

async function runConvert(
  model: string,
  out: string,
  options: ConvertCommandOptions,
  context: CliContext,
): Promise<void> {
  const { currentFolder, stdout, stderr } = context;
  const { path } = await resolveModel(model, {
    currentFolder,
    cacheFolder: cacheFolderOf(context),
  });
  const progress = options.quiet ? NO_PROGRESS : createProgress(stderr);
  const report = await withInterrupts(
    context,
    () => progress.stop(),
    (signal) =>
      convertToOnnx(path, resolve(currentFolder, out), {
        signal,
        ...(options.quantize ? { quantize: options.quantize } : {}),
        ...(options.overwrite ? { overwrite: true } : {}),
        onProgress: ({ doneBytes, totalBytes }) =>
          progress.update({ label: 'writing', doneBytes, totalBytes, movedBytes: doneBytes }),
      }),
  ).finally(progress.stop);
  for (const warning of report.warnings) stderr.write(`warning: ${warning}\n`);
  stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : describe(report, out));
}

function describe({ files }: ConvertReport, out: string): string {
  const lines = files.map(
    ({ name, byteLength }) => `  ${name}  ${formatBytes(byteLength)} of weights`,
  );
  return `${out}\n${lines.join('\n')}\n`;
}
