import { badInput } from '../errors.ts';
import type { ByteSource } from './byteSource.ts';

export function memorySource(bytes: Uint8Array, name = 'memory'): ByteSource {
  return {
    name,
    byteLength: bytes.byteLength,
    async slice(start, end) {
      assertRange(name, bytes.byteLength, start, end);
      return bytes.subarray(start, end);
    },
  };
}

export function assertRange(name: string, byteLength: number, start: number, end: number): void {
  if (start >= 0 && start <= end && end <= byteLength) return;
  throw badInput(`${name}: bytes ${start} to ${end} are asked for, but it has ${byteLength}`);
}
