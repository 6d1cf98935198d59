import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/open.ts';
import { addFiles, indexOf, makeFolder, messageOf, named, zeros } from './files.ts';

const open = (path: string) => openCheckpoint(path, 'm');
const errorOf = (files: Record<string, Uint8Array | string>) =>
  messageOf(() => open(makeFolder(files)));
const filesOf = async (path: string) => (await open(path)).files.map(({ name }) => name);

const SHARDS = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
const INDEX = 'model.safetensors.index.json';

/** A sharded checkpoint that is right, but for what `changes` say. */
function sharded(changes: Record<string, Uint8Array | string> = {}) {
  return {
    [SHARDS[0]]: named('a', 'b'),
    [SHARDS[1]]: named('c'),
    [INDEX]: indexOf({ a: SHARDS[0], b: SHARDS[0], c: SHARDS[1] }),
    ...changes,
  };
}

describe('what is opened', () => {
  it('a folder with one file, its config, and where each tensor is', async () => {
    const folder = makeFolder({
      'model.safetensors': zeros(
        { name: 'x', dtype: 'F16', shape: [3, 2] },
        { name: 'y', dtype: 'I64', shape: [] },
      ),
      'config.json': '{"model_type": "llama", "nested": {"a": [1, null]}}',
    });
    const checkpoint = await open(folder);
    const [file] = checkpoint.files;
    expect(checkpoint.reference).toBe('m');
    expect(checkpoint.path).toBe(folder);
    expect(file).toMatchObject({
      name: 'model.safetensors',
      path: join(folder, 'model.safetensors'),
    });
    expect(file?.headerSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(file?.modifiedMs).toBeGreaterThan(0);
    expect([...checkpoint.tensors.values()].map(({ name, file }) => [name, file])).toEqual([
      ['x', 0],
      ['y', 0],
    ]);
    expect(checkpoint.tensors.get('y')?.byteOffset).toBe(file!.byteLength - 8);
    expect(checkpoint.config).toEqual({ model_type: 'llama', nested: { a: [1, null] } });
    expect(checkpoint.otherFiles).toEqual(['config.json']);
  });

  it('a sharded folder, each tensor in its own file', async () => {
    const { files, tensors, config } = await open(makeFolder(sharded()));
    expect(files.map(({ name }) => name)).toEqual(SHARDS);
    expect([...tensors.values()].map(({ name, file }) => [name, file])).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 1],
    ]);
    expect(config).toBeUndefined();
  });

  it('shards in a subfolder, when the index says so', async () => {
    const folder = makeFolder({
      'shards/x.safetensors': named('a'),
      [INDEX]: indexOf({ a: 'shards/x.safetensors' }),
    });
    expect(await filesOf(folder)).toEqual(['shards/x.safetensors']);
  });

  it('several loose files, and numbered shards without an index', async () => {
    const loose = { 'two.safetensors': named('b'), 'one.safetensors': named('a') };
    expect(await filesOf(makeFolder(loose))).toEqual(['one.safetensors', 'two.safetensors']);
    const { [INDEX]: _, ...shards } = sharded();
    expect(await filesOf(makeFolder(shards))).toEqual([...SHARDS]);
  });

  it('a single file by its path', async () => {
    const folder = makeFolder({ 'any.safetensors': named('a'), 'config.json': '{}' });
    const checkpoint = await open(join(folder, 'any.safetensors'));
    expect(checkpoint.path).toBe(join(folder, 'any.safetensors'));
    expect(checkpoint.files[0]?.name).toBe('any.safetensors');
    expect(checkpoint.config).toBeUndefined();
    expect(checkpoint.otherFiles).toEqual([]);
  });

  it('the single file before the index, the index before loose files, safetensors before PyTorch', async () => {
    const all = sharded({ 'model.safetensors': named('a'), 'pytorch_model.bin': 'x' });
    expect(await filesOf(makeFolder(all))).toEqual(['model.safetensors']);
    const extra = sharded({ 'consolidated.safetensors': named('z'), 'pytorch_model.bin': 'x' });
    expect(await filesOf(makeFolder(extra))).toEqual([...SHARDS]);
    const mixed = { 'a.safetensors': named('a'), 'b.pt': 'x', 'training_args.bin': 'x' };
    expect(await filesOf(makeFolder(mixed))).toEqual(['a.safetensors']);
  });

  it('files that are links to outside, as in the Hugging Face cache', async () => {
    const folder = makeFolder({
      'blobs/1': named('a', 'b'),
      'blobs/2': named('c'),
      'blobs/3': '{}',
    });
    const snapshot = join(folder, 'snapshots');
    addFiles(snapshot, { [INDEX]: sharded()[INDEX] });
    symlinkSync('../blobs/1', join(snapshot, SHARDS[0]));
    symlinkSync('../blobs/2', join(snapshot, SHARDS[1]));
    symlinkSync('../blobs/3', join(snapshot, 'config.json'));
    const { tensors, otherFiles, config } = await open(snapshot);
    expect([...tensors.keys()]).toEqual(['a', 'b', 'c']);
    expect(otherFiles).toEqual(['config.json']);
    expect(config).toEqual({});
  });
});

describe('other files', () => {
  it('are all that hold no weights, subfolders included', async () => {
    const kept = [
      '.gitattributes',
      '1_Pooling/config.json',
      'README.md',
      'config.json',
      'deep/er/notes.txt',
      'merges.txt',
      'tokenizer.json',
      'tokenizer.model',
    ];
    const left = [
      '.cache/huggingface/x.lock',
      '.git/HEAD',
      '2_Dense/model.safetensors',
      'Model.GGUF',
      'checkpoint-500/trainer_state.json',
      'flax_model.msgpack',
      'model.ckpt.data-00000-of-00001',
      'model.ckpt.index',
      'model.onnx_data',
      'onnx/config.json',
      'optimizer.pt',
      'original/params.json',
      'pytorch_model-00001-of-00002.bin',
      'pytorch_model.bin.index.json',
      'tf_model.h5',
      'training_args.bin',
    ];
    const files = Object.fromEntries([...kept, ...left].map((name) => [name, '{}']));
    const folder = makeFolder({ ...files, 'model.safetensors': named('a') });
    symlinkSync('.', join(folder, 'circle'));
    expect((await open(folder)).otherFiles).toEqual(kept);
  });

  it('are not taken from a folder of everything', async () => {
    const files = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`${i}.txt`, '']));
    const message = await errorOf({ ...files, 'model.safetensors': named('a') });
    expect(message).toContain('more than 10000 files');
  });

  it('must exist when they are links', async () => {
    const folder = makeFolder({ 'model.safetensors': named('a') });
    symlinkSync('nowhere', join(folder, 'vocab.txt'));
    expect(await messageOf(() => open(folder))).toMatch(
      /vocab\.txt: is a link to a file that does/,
    );
  });
});

describe('an index that is wrong', () => {
  it.each([
    ['names a file above', '../other.safetensors'],
    ['names a file above, in the middle', 'a/../../other.safetensors'],
    ['names an absolute path', '/etc/other.safetensors'],
    ['names a Windows path', 'C:other.safetensors'],
    ['names a path with backslashes', '..\\other.safetensors'],
    ['names a file in a roundabout way', './x.safetensors'],
    ['names nothing', ''],
  ])('%s', async (_, file) => {
    const message = await errorOf({ [INDEX]: indexOf({ a: file }) });
    expect(message).toContain(
      `tensor "a" is said to be in ${JSON.stringify(file)}, which is no name of a file inside`,
    );
  });

  it.each([
    [
      'names a missing shard',
      { [INDEX]: indexOf({ a: SHARDS[0], c: 'no.safetensors' }) },
      'names the shard "no.safetensors", which does not exist',
    ],
    [
      'names a folder',
      { [INDEX]: indexOf({ a: SHARDS[0], c: 'd.safetensors' }), 'd.safetensors/x': '' },
      'names the shard "d.safetensors", which does not exist',
    ],
    [
      'names a file of another format',
      { [INDEX]: indexOf({ a: 'config.json' }) },
      'names "config.json", which is no safetensors file',
    ],
    [
      'names a tensor that no shard has',
      { [INDEX]: indexOf({ a: SHARDS[0], b: SHARDS[0], c: SHARDS[1], d: SHARDS[1] }) },
      `tensor "d" should be in ${SHARDS[1]}, but no shard has it`,
    ],
    [
      'names the wrong shard',
      { [INDEX]: indexOf({ a: SHARDS[1], b: SHARDS[0], c: SHARDS[1] }) },
      `tensor "a" should be in ${SHARDS[1]}, but it is in ${SHARDS[0]}`,
    ],
    [
      'leaves out a tensor',
      { [INDEX]: indexOf({ a: SHARDS[0], c: SHARDS[1] }) },
      `tensor "b" of ${SHARDS[0]} is not in the index`,
    ],
    [
      'has a tensor in two shards',
      { [SHARDS[1]]: named('a', 'c') },
      `tensor "a" is both in ${SHARDS[0]} and in ${SHARDS[1]}`,
    ],
    ['has no weight_map', { [INDEX]: '{"metadata": {}}' }, 'has no weight_map'],
    ['has no object for weight_map', { [INDEX]: '{"weight_map": ["a"]}' }, 'expected "{"'],
    ['has no text for a file', { [INDEX]: '{"weight_map": {"a": 1}}' }, 'expected a string'],
    [
      'has a tensor twice',
      { [INDEX]: '{"weight_map": {"a": "x", "a": "y"}}' },
      'the key "a" appears twice',
    ],
    ['is not JSON', { [INDEX]: 'weights' }, 'expected "{" at character 0, but found "w"'],
    [
      'is nested without end',
      { [INDEX]: `{"metadata":${'['.repeat(100_000)}` },
      'nested more than 64 deep',
    ],
    [
      'has a value that is none',
      { [INDEX]: '{"metadata": {"total_size": NaN}}' },
      'expected a value',
    ],
    ['is not UTF-8', { [INDEX]: Buffer.from([0x7b, 0xff, 0x7d]) }, 'not valid UTF-8'],
    ['has a broken shard', { [SHARDS[1]]: 'abc' }, `${SHARDS[1]}: has 3 bytes, too few`],
  ])('%s', async (_, changes, part) => {
    expect(await errorOf(sharded(changes))).toContain(part);
  });

  it('passes over any metadata', async () => {
    const weightMap = '{"a": "m.safetensors"}';
    const metadata = '{"total_size": 1.5e3, "x": [null, true, {"y": -0.1}, "\\u00e9"]}';
    const folder = makeFolder({
      'm.safetensors': named('a'),
      [INDEX]: `{"metadata": ${metadata}, "weight_map": ${weightMap}, "z": false}`,
    });
    expect(await filesOf(folder)).toEqual(['m.safetensors']);
  });
});

describe('a checkpoint that is wrong', () => {
  it.each([
    ['an empty folder', {}, 'holds no weight file of a known format (safetensors, PyTorch)'],
    [
      'only a trainer state',
      { 'optimizer.pt': '', 'training_args.bin': '' },
      'holds no weight file',
    ],
    [
      'only an adapter',
      { 'adapter_model.safetensors': named('a') },
      'adapters are not supported yet',
    ],
    [
      'a tensor in two loose files',
      { 'a.safetensors': named('x'), 'b.safetensors': named('x') },
      'tensor "x" is both in a.safetensors and in b.safetensors',
    ],
    ['a gap in the numbering', { [SHARDS[1]]: named('a') }, `the shard ${SHARDS[0]} is missing`],
    [
      'a config that is not JSON',
      { 'model.safetensors': named('a'), 'config.json': '{"a": }' },
      'config.json: not valid JSON: ',
    ],
    [
      'a config that is a list',
      { 'model.safetensors': named('a'), 'config.json': '[]' },
      'config.json: holds a list, not an object',
    ],
    [
      'a config that is null',
      { 'model.safetensors': named('a'), 'config.json': 'null' },
      'config.json: holds null, not an object',
    ],
  ])('%s', async (_, files, part) => {
    expect(await errorOf(files as Record<string, string>)).toContain(part);
  });

  it('a path that does not exist, a file of no weights, an index, a folder as weights', async () => {
    const folder = makeFolder({ 'notes.txt': '', [INDEX]: '{}' });
    expect(await messageOf(() => open(join(folder, 'no')))).toContain('no: does not exist');
    const notes = await messageOf(() => open(join(folder, 'notes.txt')));
    expect(notes).toContain('is no weight file of a known format');
    const index = await messageOf(() => open(join(folder, INDEX)));
    expect(index).toContain('is an index; name its folder instead');
    mkdirSync(join(folder, 'model.safetensors'));
    renameSync(join(folder, 'notes.txt'), join(folder, 'model.safetensors', 'notes.txt'));
    expect(await messageOf(() => open(folder))).toContain('model.safetensors: not a file');
  });
});
