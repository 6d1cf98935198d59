/** What every capability of a model behind HTTP needs. */

import type { HttpApi } from './apiForm.ts';
import type { Transport } from './request.ts';

export interface Connection {
  readonly transport: Transport;
  readonly model: string;
  readonly api: HttpApi;
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
  /** Asked for with every text. */
  readonly logProbabilities: boolean;
}
