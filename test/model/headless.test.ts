/** Decoders saved without a head: their states are those of the model with one. */

import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openCheckpointModel } from '../../src/model/checkpointModel.ts';
import { scratchFolder } from '../merge/scratch.ts';
import { familyFolder, textOf } from './exported.ts';
import { readReference, worstError } from './family.ts';

const { path: scratch, remove } = scratchFolder();
afterAll(remove);

/** As the base model saves itself: no head, and names without its prefix. */
function headless(name: string, architecture: string, prefix: string): string {
  const source = familyFolder(scratch, name);
  const folder = join(scratch, `${name}-headless`);
  mkdirSync(folder, { recursive: true });
  cpSync(source, folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(source, 'config.json'), 'utf8'));
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({ ...config, architectures: [architecture] }),
  );
  const bytes = readFileSync(join(source, 'model.safetensors'));
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, end).toString()) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const kept = Object.entries(header).filter(
    ([tensor]) => tensor !== '__metadata__' && tensor !== 'lm_head.weight',
  );
  let offset = 0;
  const parts: Buffer[] = [];
  const entries = kept.map(([tensor, entry]) => {
    const [from, to] = entry.data_offsets;
    parts.push(bytes.subarray(end + from, end + to));
    const moved = { ...entry, data_offsets: [offset, offset + to - from] };
    offset += to - from;
    return [tensor.startsWith(prefix) ? tensor.slice(prefix.length) : tensor, moved] as const;
  });
  const text = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([length, text, ...parts]));
  return folder;
}

it.each([
  ['gpt2', 'GPT2Model', 'transformer.'],
  ['llama', 'LlamaModel', 'model.'],
  ['qwen3', 'Qwen3Model', 'model.'],
  ['gemma3', 'Gemma3TextModel', 'model.'],
  ['phi3', 'Phi3Model', 'model.'],
  ['qwen3_moe', 'Qwen3MoeModel', 'model.'],
])('%s as %s', async (name, architecture, prefix) => {
  const model = await openCheckpointModel(headless(name, architecture, prefix), name);
  const { input_ids: ids, last_hidden_state: states } = readReference(name).cases.find(
    ({ attention_mask: mask, last_hidden_state: found }) =>
      found && mask[0]!.every((bit) => bit === 1),
  )!;
  expect(model.next).toBeUndefined();
  const [vector] = await model.embed!.vectors([{ id: 'a', text: textOf(ids[0]!) }]);
  const rows = states![0]!;
  const mean = rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
  expect(worstError(vector!, mean, 1)).toBeLessThan(1);
  await model.close();
});
