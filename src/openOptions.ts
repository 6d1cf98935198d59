/** What may be said when a model is opened, of whatever kind. */

import type { ResolveOptions } from './checkpoint/reference.ts';
import type { HttpClassifierOptions } from './model/http/httpClassifier.ts';
import type { HttpModelOptions } from './model/http/openHttpModel.ts';

export interface OpenModelOptions extends ResolveOptions {
  /** Threads of a checkpoint's operators. */
  readonly threads?: number;
  /** For models behind HTTP: key, API, limits. */
  readonly http?: Omit<HttpModelOptions, 'name'>;
  /** Makes a classifier of a model that writes. */
  readonly labelling?: HttpClassifierOptions;
  /** Whether a checkpoint runs on a thread of its own; by default if it is not small. */
  readonly ownThread?: boolean;
  /** Which of the files in `onnx/` runs, such as `model_quantized`. */
  readonly onnxFile?: string;
  /** Recipes that this one is named in. */
  readonly level?: number;
}
