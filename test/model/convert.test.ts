/** Converted checkpoints, as transformers.js loads them, against the references. */

import { join } from 'node:path';
import {
  AutoModel,
  AutoModelForCausalLM,
  AutoModelForMaskedLM,
  AutoModelForSeq2SeqLM,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  type PreTrainedModel,
} from '@huggingface/transformers';
import { afterAll, describe, expect, it } from 'vitest';
import { convertToOnnx } from '../../src/model/convert/convertToOnnx.ts';
import { scratchFolder } from '../merge/scratch.ts';
import { familyFolder, isKnown, tensorOf, textOf } from './exported.ts';
import { type ReferenceCase, readReference, worstError } from './family.ts';

const { path: scratch, remove } = scratchFolder();
afterAll(remove);

const CLASSES = {
  bert: AutoModelForSequenceClassification,
  distilbert: AutoModelForSequenceClassification,
  roberta: AutoModel,
  'bert-mlm': AutoModelForMaskedLM,
  llama: AutoModelForCausalLM,
  'llama-bf16': AutoModelForCausalLM,
  'llama3-tied': AutoModelForCausalLM,
  mistral: AutoModelForCausalLM,
  qwen3: AutoModelForCausalLM,
  gpt2: AutoModelForCausalLM,
  gemma2: AutoModelForCausalLM,
  gemma3: AutoModelForCausalLM,
  phi3: AutoModelForCausalLM,
  qwen2_moe: AutoModelForCausalLM,
  qwen3_moe: AutoModelForCausalLM,
  marian: AutoModelForSeq2SeqLM,
  bart: AutoModelForSeq2SeqLM,
  't5-relu': AutoModelForSeq2SeqLM,
  't5-gated': AutoModelForSeq2SeqLM,
} as const;

type FamilyName = keyof typeof CLASSES;

const NAMES = (Object.keys(CLASSES) as FamilyName[]).filter(isKnown);
const WRITERS = NAMES.filter((name) => 'greedy' in readReference(name));

async function converted(name: FamilyName): Promise<string> {
  const out = join(scratch, name);
  await convertToOnnx(familyFolder(scratch, name), out, { quantize: 'int8', overwrite: true });
  return out;
}

async function withModel(
  name: FamilyName,
  dtype: 'fp32' | 'q8',
  use: (model: PreTrainedModel, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await converted(name);
  const model = await CLASSES[name].from_pretrained(folder, { dtype });
  try {
    await use(model, folder);
  } finally {
    await model.dispose();
  }
}

function inputsOf(given: ReferenceCase) {
  const { input_ids: ids, attention_mask: mask, token_type_ids: types } = given;
  const zeros = ids.map((row) => row.map(() => 0));
  return {
    input_ids: tensorOf(ids),
    attention_mask: tensorOf(mask),
    token_type_ids: tensorOf(types ?? zeros),
    ...(given.decoder_input_ids ? { decoder_input_ids: tensorOf(given.decoder_input_ids) } : {}),
  };
}

describe.each(NAMES)('%s in transformers.js', (name) => {
  it('gives the logits of the reference', async () => {
    await withModel(name, 'fp32', async (model) => {
      for (const given of readReference(name).cases) {
        const { logits } = await model(inputsOf(given));
        const error = worstError(logits.data, given.logits, logits.dims.at(-1));
        expect(error, given.name).toBeLessThan(1);
      }
    });
  });

  // Measured: 0.02 to 0.2, most where scores are not scaled (T5); 1.4 would be unrelated numbers.
  it('gives logits near those of the reference from int8', async () => {
    await withModel(name, 'q8', async (model) => {
      const [short] = readReference(name).cases;
      const { logits } = await model(inputsOf(short!));
      const wanted = (short!.logits as unknown[]).flat(2) as number[];
      expect(relativeError([...logits.data], wanted)).toBeLessThan(0.3);
    });
  });
});

/** Root of the mean square error, as a share of the spread of what is wanted. */
function relativeError(actual: readonly number[], wanted: readonly number[]): number {
  const square = (values: readonly number[]) => values.reduce((sum, x) => sum + x * x, 0);
  const mean = wanted.reduce((sum, x) => sum + x, 0) / wanted.length;
  const errors = square(actual.map((x, i) => x - wanted[i]!));
  return Math.sqrt(errors / square(wanted.map((x) => x - mean)));
}

describe.each(WRITERS)('%s in transformers.js', (name) => {
  it('writes the greedy text of the reference, with its tokenizer', async () => {
    await withModel(name, 'fp32', async (model, folder) => {
      const tokenizer = await AutoTokenizer.from_pretrained(folder);
      for (const { input_ids: ids, new_ids: wanted, ...given } of readReference(name).greedy!) {
        const [prompt] = ids;
        if (ids.length === 1) expect(tokenizer.encode(textOf(prompt!))).toEqual(prompt);
        const out = await model.generate({
          inputs: tensorOf(ids),
          attention_mask: tensorOf(given.attention_mask),
          generation_config: { max_new_tokens: 12, do_sample: false, eos_token_id: null },
        } as never);
        const rows = (out as { tolist(): bigint[][] }).tolist();
        expect(rows.map((row) => row.slice(-12).map(Number))).toEqual(wanted);
      }
    });
  });
});
