/** The native runtime of Node, loaded when a model is opened; the only place that knows it. */

import { badInput } from '../../errors.ts';
import type { Runtime } from './session.ts';

const PACKAGE = 'onnxruntime-node';

export async function loadRuntime(): Promise<Runtime> {
  try {
    return (await import('onnxruntime-node')) as unknown as Runtime;
  } catch (cause) {
    throw badInput(
      `running a checkpoint needs ${PACKAGE}, which cannot be loaded (npm install ${PACKAGE})`,
      cause,
    );
  }
}
