/**
 * Options that mergekit users have in their scripts: three are other names of ours, the rest have
 * nothing to do here and say so, and one is refused. Names only; nothing else is taken from there.
 */

import { type Command, Option } from 'commander';
import { badInput } from '../errors.ts';
import { parseSeed, parseSize, parseThreads } from './options.ts';

interface IdleOption {
  readonly flags: string;
  readonly reason: string;
}

const IDLE: readonly IdleOption[] = [
  { flags: '--copy-tokenizer', reason: 'the tokenizer is always copied' },
  { flags: '--no-copy-tokenizer', reason: 'the tokenizer is always copied' },
  { flags: '--lazy-unpickle', reason: 'tensors are always read lazily' },
  { flags: '--no-lazy-unpickle', reason: 'tensors are always read lazily' },
  { flags: '--allow-crimes', reason: 'names and shapes decide what can be merged' },
  { flags: '--no-allow-crimes', reason: 'names and shapes decide what can be merged' },
  { flags: '--cuda', reason: 'merging runs on the processor' },
  { flags: '--no-cuda', reason: 'merging runs on the processor' },
  { flags: '--device <name>', reason: 'merging runs on the processor' },
  { flags: '--gpu-rich', reason: 'merging runs on the processor' },
  { flags: '--multi-gpu', reason: 'merging runs on the processor' },
  { flags: '--no-multi-gpu', reason: 'merging runs on the processor' },
  { flags: '--read-to-gpu', reason: 'merging runs on the processor' },
  { flags: '--no-read-to-gpu', reason: 'merging runs on the processor' },
  { flags: '--low-cpu-memory', reason: 'memory never grows with the model' },
  { flags: '--no-low-cpu-memory', reason: 'memory never grows with the model' },
  { flags: '--clone-tensors', reason: 'every tensor is written in full' },
  { flags: '--no-clone-tensors', reason: 'every tensor is written in full' },
  { flags: '--async-write', reason: 'writing always overlaps with merging' },
  { flags: '--no-async-write', reason: 'writing always overlaps with merging' },
  { flags: '--write-threads <n>', reason: 'use --threads' },
  { flags: '--lora-merge-cache <path>', reason: 'adapters are not supported yet' },
  { flags: '--lora-merge-dtype <dtype>', reason: 'adapters are not supported yet' },
  { flags: '--transformers-cache <path>', reason: 'set HF_HUB_CACHE to say where the cache is' },
  { flags: '--write-model-card', reason: 'a model card is always written' },
  { flags: '--no-write-model-card', reason: 'a model card is always written' },
  { flags: '--safe-serialization', reason: 'the output is always safetensors' },
  { flags: '--no-safe-serialization', reason: 'the output is always safetensors' },
  { flags: '--no-trust-remote-code', reason: 'remote code is never run' },
  { flags: '-v, --verbose', reason: '--dry-run shows the plan' },
];

const GROUP = 'Options of mergekit:';

/** What the other names of our options leave in the parsed values. */
export interface AliasValues {
  readonly outShardSize?: number;
  readonly randomSeed?: number;
  readonly numThreads?: number;
}

/** Adds them all to `command`; `warn` is called for each one given that has no effect. */
export function addMergekitOptions(command: Command, warn: (line: string) => void): void {
  addAlias(command, '--out-shard-size <size>', '--shard-size', parseSize);
  addAlias(command, '--random-seed <n>', '--seed', parseSeed);
  addAlias(command, '--num-threads <n>', '--threads', parseThreads);
  for (const { flags, reason } of IDLE) addIdle(command, flags, reason, warn);
  const refused = new Option('--trust-remote-code', 'refused: remote code is never run');
  command.addOption(refused.helpGroup(GROUP));
  command.on('option:trust-remote-code', () => {
    throw badInput(
      'option --trust-remote-code is refused: no merge needs code from a model, and none is run',
    );
  });
}

function addAlias(
  command: Command,
  flags: string,
  ours: string,
  parse: (text: string) => number,
): void {
  const option = new Option(flags, `same as ${ours}`).argParser(parse).helpGroup(GROUP);
  command.addOption(option.conflicts(new Option(ours).attributeName()));
}

function addIdle(
  command: Command,
  flags: string,
  reason: string,
  warn: (line: string) => void,
): void {
  const option = new Option(flags, `no effect: ${reason}`).helpGroup(GROUP);
  command.addOption(option.hideHelp(option.negate));
  let isSaid = false;
  command.on(`option:${option.name()}`, () => {
    if (!isSaid) warn(`${option.long} has no effect: ${reason}`);
    isSaid = true;
  });
}
