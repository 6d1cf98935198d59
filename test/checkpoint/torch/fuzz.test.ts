import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTorchFile } from '../../../src/checkpoint/torch/readTorchFile.ts';
import { FusionError } from '../../../src/errors.ts';
import { memorySource } from '../../../src/io/memorySource.ts';
import { bytesOf, pickleOf, tensor, torchLegacy, torchZip } from './buildTorchFile.ts';
import { fixture, tensorBytes } from './fixtures.ts';

/** More than the fixtures hold, far less than a runaway view would ask for. */
const READABLE_BYTES = 2 ** 20;

/** The file opens and what it says can be read, or it is refused as bad input; nothing else. */
async function expectOrderly(file: Uint8Array): Promise<void> {
  try {
    const { tensors } = await readTorchFile(memorySource(file, 'x.bin'));
    for (const entry of tensors) {
      const count = entry.shape.reduce((product, size) => product * size, 1);
      if (count < READABLE_BYTES / 16) tensorBytes(file, entry);
    }
  } catch (error) {
    expect(error).toBeInstanceOf(FusionError);
    expect((error as FusionError).code).toBe('bad_input');
    expect((error as FusionError).message.startsWith('x.bin: ')).toBe(true);
  }
}

const SEEDS = [
  'hostile/control_ok.bin',
  'hostile/os_system_legacy.bin',
  'pytorch/training.ckpt',
  'pytorch/views.pth',
  'pytorch/legacy_views.pth',
].map(fixture);

interface Mutation {
  readonly position: number;
  readonly byte: number;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  position: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)),
});

function mutated(file: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  const copy = Uint8Array.from(file);
  for (const { position, byte } of mutations) copy[Math.floor(position * copy.length)] = byte;
  return copy;
}

/** Opcodes of all protocols, arguments that make some of them valid, and whole tensors. */
const fragment: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.nat(255).map((byte) => Uint8Array.of(byte)),
  fc.constantFrom(...'()]}NtaesuRbQq\x81\x85\x86\x87\x8f\x90\x93\x94').map((op) => bytesOf(op)),
  fc.nat(3).map((index) => bytesOf('q', index)),
  fc.nat(3).map((index) => bytesOf('h', index)),
  fc.nat(255).map((value) => bytesOf('K', value)),
  fc.constantFrom('', 'w', 'storage', 'torch', 'x').map((s) => bytesOf('\x8c', s.length, s)),
  fc
    .constantFrom('collections\nOrderedDict', 'argparse\nNamespace', 'torch\nFloatStorage')
    .map((name) => bytesOf('c', name, '\n')),
  fc.constant(tensor()),
);

describe('any bytes', () => {
  it('mutated files open or are refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...SEEDS),
        fc.array(mutation, { minLength: 1, maxLength: 6 }),
        (file, mutations) => expectOrderly(mutated(file, mutations)),
      ),
      { numRuns: 1500 },
    );
  });

  it('cut files open or are refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...SEEDS), fc.nat(10_000), (file, length) =>
        expectOrderly(file.subarray(0, length % file.length)),
      ),
      { numRuns: 400 },
    );
  });

  it('random opcodes open or are refused, in both layouts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fragment, { maxLength: 40 }), fc.boolean(), (fragments, isZip) => {
        const pickle = pickleOf(...fragments);
        return expectOrderly(isZip ? torchZip(pickle) : torchLegacy(pickle));
      }),
      { numRuns: 3000 },
    );
  });
});
