import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readTorchFile } from '../../../src/checkpoint/torch/readTorchFile.ts';
import { FusionError } from '../../../src/errors.ts';
import { withFileSource } from '../../../src/io/fileSource.ts';
import { FORMATS, fixture, fixtureJson, readFixture, scalarsOf, tensorBytes } from './fixtures.ts';

/** What the refusal of each file must say, besides the file's name. */
const REASONS: Readonly<Record<string, RegExp>> = {
  'os_system.bin': /the pickle calls posix\.system/,
  'os_system.pkl': /the pickle calls posix\.system/,
  'os_system_legacy.bin': /the pickle calls posix\.system/,
  'builtins_eval_stack_global.bin': /the pickle calls builtins\.eval/,
  'truncated_zip.bin': /damaged or truncated/,
  'truncated_in_directory.bin': /damaged or truncated/,
  'huge_storage.bin': /tensor "w": its storage "0" is said to have 4398046511104 bytes, but has 16/,
  'view_past_storage.bin': /tensor "w": views elements 2 to 6 of a storage that has 4/,
  'size_overflow.bin': /tensor "w": shape \[4294967296, 4294967296\] has more elements/,
  'negative_size.bin': /tensor "w": dimension -4 in shape \[-4\] is not a size/,
  'missing_storage.bin': /tensor "w": its storage "9" is not in the file/,
  'escaping_key.bin': /tensor "w": its storage "\.\.\/\.\.\/etc\/passwd" is not in the file/,
  'memo_missing.pkl': /recalls memo entry 7, which was never stored/,
  'no_stop.pkl': /ends at byte 3, in the middle of a pickle/,
  'deep_nesting.pkl': /stacks or nests more than 10000 values/,
};

const files = Object.keys(fixtureJson<Record<string, string>>('hostile/expected.json')).filter(
  (name) => /\.(bin|pkl)$/.test(name) && name !== 'control_ok.bin',
);

describe('hostile PyTorch files', () => {
  it('are all covered', () => {
    expect(Object.keys(REASONS).sort()).toEqual(files.sort());
  });

  it.each(files)('%s is refused with its reason', async (name) => {
    const path = fileURLToPath(new URL(`hostile/${name}`, FORMATS));
    const error = await withFileSource(path, readTorchFile).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FusionError);
    const { code, message } = error as FusionError;
    expect(code).toBe('bad_input');
    expect(message.startsWith(`${path}: `)).toBe(true);
    expect(message).toMatch(REASONS[name]!);
    expect(message).not.toContain('\n');
    expect(existsSync('pwned.txt')).toBe(false);
  });

  it('the hand-written control file opens', async () => {
    const { tensors } = await readFixture('hostile/control_ok.bin');
    expect(tensors).toMatchObject([{ name: 'w', dtype: 'F32', shape: [4], file: 0 }]);
    const bytes = tensorBytes(fixture('hostile/control_ok.bin'), tensors[0]!);
    expect(scalarsOf(bytes, 'F32')).toEqual([0, 1, 2, 3]);
  });
});
