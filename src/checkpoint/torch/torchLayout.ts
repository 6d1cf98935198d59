/** What both layouts of a PyTorch file come down to. */

import type { PickleValue } from './pickleValue.ts';
import type { StoragePlaces } from './tensorEntry.ts';

export interface TorchLayout {
  /** The object that was saved. */
  readonly root: PickleValue;
  readonly places: StoragePlaces;
  /** The bytes that describe the tensors: the pickles. */
  readonly description: Uint8Array;
}
