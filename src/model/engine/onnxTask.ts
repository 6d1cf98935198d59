/** What kind of model a ready ONNX graph is, by its ports: whoever exported it says so nowhere else. */

import type { JsonObject } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import type { FamilyTask } from '../graph/family/family.ts';
import { isCacheInput } from './cache.ts';
import { DISTRIBUTION_OUTPUTS } from './distributions.ts';
import { statesOutput } from './labels.ts';
import { hasPort, type Port, type Ports } from './running.ts';

/** What requests are made of; a graph that asks for more cannot be run. */
const KNOWN_INPUTS: readonly string[] = [
  'input_ids',
  'attention_mask',
  'position_ids',
  'token_type_ids',
  'num_logits_to_keep',
  'use_cache_branch',
  'encoder_hidden_states',
  'encoder_attention_mask',
];

/**
 * @param graphs one, or encoder and decoder
 * @param subject the file, for messages
 */
export function taskOf(graphs: readonly Ports[], config: JsonObject, subject: string): FamilyTask {
  const [whole, decoder] = graphs as [Ports, Ports?];
  for (const { inputs } of graphs) assertKnown(inputs, subject);
  if (decoder) return 'sequence_to_sequence';
  const logits = whole.outputs.find(({ name }) => name === 'logits');
  if (!logits) {
    if (statesOutput(whole)) return 'features';
    throw unknownKind(whole, subject);
  }
  if (whole.inputs.some(({ name }) => isCacheInput(name))) return 'causal';
  const named = namedTask(config);
  if (named === 'causal') {
    throw badInput(`${subject}: has no inputs past_key_values, without which it cannot write`);
  }
  if (named) return named;
  if (logits.dims.length === 2) return 'sequence_classification';
  throw unknownKind(whole, subject);
}

function assertKnown(inputs: readonly Port[], subject: string): void {
  const isKnown = ({ name }: Port) => KNOWN_INPUTS.includes(name) || isCacheInput(name);
  const unknown = inputs.find((port) => !isKnown(port));
  if (unknown)
    throw badInput(`${subject}: asks for the input "${unknown.name}", which is not known`);
  if (hasPort(inputs, 'input_ids') || hasPort(inputs, 'encoder_hidden_states')) return;
  throw badInput(`${subject}: has no input "input_ids", so it reads no text`);
}

const ENDINGS: readonly (readonly [RegExp, FamilyTask])[] = [
  [/ForSequenceClassification$/, 'sequence_classification'],
  [/ForMaskedLM$/, 'masked'],
  [/(ForCausalLM|LMHeadModel)$/, 'causal'],
];

function namedTask({ architectures }: JsonObject): FamilyTask | undefined {
  const [name] = Array.isArray(architectures) ? architectures : [];
  return ENDINGS.find(([ending]) => typeof name === 'string' && ending.test(name))?.[1];
}

function unknownKind({ outputs }: Ports, subject: string) {
  const own = outputs.filter(({ name }) => !DISTRIBUTION_OUTPUTS.includes(name));
  const names = own.map(({ name, dims }) => `${name} [${dims.join(', ')}]`).join(', ');
  return badInput(
    `${subject}: is of no kind that can be run; its outputs are ${names} (known are causal and ` +
      'sequence-to-sequence models, classifiers of texts, masked models, and hidden states)',
  );
}
