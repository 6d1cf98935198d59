import { describe, expect, it } from 'vitest';
import { readTorchFile } from '../../../src/checkpoint/torch/readTorchFile.ts';
import { FusionError } from '../../../src/errors.ts';
import { memorySource } from '../../../src/io/memorySource.ts';
import {
  bytesOf,
  dictOf,
  global,
  integer,
  pickleOf,
  tensor,
  text,
  torchLegacy,
  torchZip,
  tupleOf,
  zipOf,
} from './buildTorchFile.ts';

function readBytes(file: Uint8Array) {
  return readTorchFile(memorySource(file, 'x.bin'));
}

const read = (pickle: Uint8Array) => readBytes(torchZip(pickle));

async function namesOf(pickle: Uint8Array): Promise<string[]> {
  return (await read(pickle)).tensors.map(({ name }) => name);
}

async function refusalOf(file: Uint8Array): Promise<string> {
  const error = await readBytes(file).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FusionError);
  expect((error as FusionError).code).toBe('bad_input');
  return (error as FusionError).message;
}

const refusal = (pickle: Uint8Array) => refusalOf(torchZip(pickle));

describe('names of tensors', () => {
  it('leaves out usual wrappers, also nested ones, when all tensors lie under them', async () => {
    const inner = dictOf({ w: tensor(), b: tensor() });
    expect(await namesOf(pickleOf(dictOf({ epoch: integer(3), model: inner })))).toEqual([
      'w',
      'b',
    ]);
    const twice = dictOf({ state_dict: dictOf({ module: inner }) });
    expect(await namesOf(pickleOf(twice))).toEqual(['w', 'b']);
  });

  it('keeps paths when tensors lie in several places, or under another key', async () => {
    const inner = dictOf({ w: tensor() });
    const both = dictOf({
      model: inner,
      ema: inner,
      list: bytesOf('](', tensor(), integer(1), 'e'),
    });
    expect(await namesOf(pickleOf(both))).toEqual(['model.w', 'ema.w', 'list.0']);
    expect(await namesOf(pickleOf(dictOf({ encoder: inner })))).toEqual(['encoder.w']);
    expect(await namesOf(pickleOf(dictOf({ model: tensor() })))).toEqual(['model']);
  });

  it('names integer keys, and refuses tensors under others', async () => {
    expect(await namesOf(pickleOf('}', integer(5), tensor(), 's'))).toEqual(['5']);
    expect(await refusal(pickleOf('}', tupleOf(integer(5)), tensor(), 's'))).toMatch(
      /x\.bin: holds a tensor under a key that is neither text nor a number/,
    );
  });

  it('refuses names that occur twice, a tensor without a name, and a file without tensors', async () => {
    const twice = dictOf({ a: dictOf({ b: tensor() }), 'a.b': tensor() });
    expect(await refusal(pickleOf(twice))).toBe('x.bin: tensor "a.b" occurs twice');
    const same = bytesOf('}(', text('a'), tensor(), text('a'), tensor(), 'u');
    expect(await refusal(pickleOf(same))).toMatch(/a dict with the key "a" twice/);
    expect(await refusal(pickleOf(tensor()))).toBe('x.bin: is a single tensor without a name');
    expect(await refusal(pickleOf('}'))).toBe('x.bin: holds no tensors');
  });

  it('refuses absurdly long names', async () => {
    const long = dictOf({ ['n'.repeat(1025)]: tensor() });
    expect(await refusal(pickleOf(long))).toMatch(/has 1025 characters, the limit is 1024/);
  });
});

describe('inert values', () => {
  it('reads a Namespace as a dict, and ignores the attributes of an OrderedDict', async () => {
    const namespace = bytesOf(
      global('argparse', 'Namespace'),
      ')\x81',
      dictOf({ lr: integer(1) }),
      'b',
    );
    const ordered = bytesOf(global('collections', 'OrderedDict'), ')R(', text('w'), tensor(), 'u');
    const state = dictOf({ _metadata: '}' });
    const pickle = pickleOf(dictOf({ args: namespace, model: bytesOf(ordered, state, 'b') }));
    expect(await namesOf(pickle)).toEqual(['w']);
  });

  it('reads the strings and the OrderedDict of Python 2', async () => {
    const pairs = bytesOf('](](U\x01w', tensor(), 'e](U\x01b', tensor(), 'ee');
    const pickle = pickleOf(global('collections', 'OrderedDict'), tupleOf(pairs), 'R');
    expect(await namesOf(pickle)).toEqual(['w', 'b']);
  });

  it('skips sets, bytes, devices, dtypes, sizes, floats and long integers', async () => {
    const list = bytesOf('](', text('x'), 'e');
    const values = {
      set: bytesOf(global('__builtin__', 'set'), tupleOf(list), 'R'),
      bytes: bytesOf(global('_codecs', 'encode'), tupleOf(text('x'), text('latin1')), 'R'),
      device: bytesOf(global('torch', 'device'), tupleOf(text('cuda'), integer(0)), 'R'),
      dtype: global('torch', 'bfloat16'),
      size: bytesOf(global('torch', 'Size'), tupleOf(tupleOf(integer(2))), 'R'),
      float: bytesOf('G', new Uint8Array(8)),
      long: bytesOf('\x8a\x09', new Uint8Array(9).fill(9)),
      w: tensor(),
    };
    expect(await namesOf(pickleOf(dictOf(values)))).toEqual(['w']);
  });

  it('reads protocol 4: frames, short strings, memoized globals by name, sets', async () => {
    const stackGlobal = bytesOf('\x8c\x0bcollections\x8c\x0bOrderedDict\x93\x94)R\x94');
    const pickle = bytesOf(
      '\x80\x04\x95',
      new Uint8Array(8),
      stackGlobal,
      '\x8c\x01s\x8f(K\x01\x90s',
    );
    expect(await namesOf(bytesOf(pickle, '\x8c\x01w\x94', tensor(), 's.'))).toEqual(['w']);
  });
});

describe('tensors', () => {
  it('reads parameters, and the rebuilding calls of other versions', async () => {
    const hooks = bytesOf(global('collections', 'OrderedDict'), ')R');
    const parameter = bytesOf(
      global('torch._utils', '_rebuild_parameter'),
      tupleOf(tensor(), 0x88, hooks),
      'R',
    );
    const old = tensor({ rebuild: '_rebuild_tensor' });
    expect(await namesOf(pickleOf(dictOf({ parameter, old })))).toEqual(['parameter', 'old']);
  });

  it('reads dtypes that only _rebuild_tensor_v3 can name', async () => {
    const untyped = { type: global('torch.storage', 'UntypedStorage'), count: 16 };
    const v3 = (name: string, size: number) =>
      tensor({
        ...untyped,
        rebuild: '_rebuild_tensor_v3',
        size: [size],
        last: global('torch', name),
      });
    const pickle = pickleOf(dictOf({ a: v3('float8_e4m3fn', 16), b: v3('uint16', 8) }));
    const { tensors } = await read(pickle);
    expect(tensors.map(({ dtype, shape }) => [dtype, shape])).toEqual([
      ['F8_E4M3', [16]],
      ['U16', [8]],
    ]);
    expect(await refusal(pickleOf(dictOf({ b: v3('uint16', 9) })))).toMatch(/has 8$/);
  });

  it('reads complex64, and names types that safetensors lacks', async () => {
    const complex = (name: string, count: number) =>
      pickleOf(dictOf({ w: tensor({ type: global('torch', name), count, size: [count] }) }));
    expect((await read(complex('ComplexFloatStorage', 2))).tensors[0]?.dtype).toBe('C64');
    for (const name of ['ComplexDoubleStorage', 'QInt8Storage']) {
      expect(await refusal(complex(name, 1))).toBe(
        `x.bin: tensor "w": its type torch.${name} has no counterpart in safetensors`,
      );
    }
  });

  it('refuses views that are conjugated, have wrong strides, or no integers', async () => {
    const one = (w: Uint8Array) => pickleOf(dictOf({ w }));
    expect(await refusal(one(tensor({ last: dictOf({ conj: 0x88 }) })))).toMatch(/conjugated/);
    expect(await refusal(one(tensor({ stride: [] })))).toMatch(/has 1 dimensions, but 0 strides/);
    expect(await refusal(one(tensor({ stride: [-1] })))).toMatch(/negative stride in \[-1\]/);
    expect(await refusal(one(tensor({ offset: -1 })))).toMatch(/views elements -1 to 3/);
    const many = Array(65).fill(1);
    expect(await refusal(one(tensor({ size: many, stride: many })))).toMatch(
      /65 dimensions, the limit is 64/,
    );
    const expanded = tensor({ size: [2 ** 30, 2 ** 22], stride: [0, 0] });
    expect(await refusal(one(expanded))).toMatch(/more bytes than can be counted/);
  });
});

describe('calls', () => {
  it.each([
    ['GLOBAL', bytesOf(global('os', 'system'), ')R'), 'os.system'],
    [
      'a global that is not called',
      global('torch.nn.modules.linear', 'Linear'),
      'torch.nn.modules.linear.Linear',
    ],
    ['INST', bytesOf('(ios\nsystem\n'), 'os.system'],
    ['NEWOBJ', bytesOf(global('collections', 'OrderedDict'), ')\x81'), 'collections.OrderedDict'],
    ['a type', bytesOf(global('torch', 'FloatStorage'), ')R'), 'torch.FloatStorage'],
    [
      'loading within loading',
      bytesOf(global('torch.storage', '_load_from_bytes'), ')R'),
      'torch.storage._load_from_bytes',
    ],
    [
      'quantized tensors',
      global('torch._utils', '_rebuild_qtensor'),
      'torch._utils._rebuild_qtensor',
    ],
    ['Object.prototype', global('torch', 'constructor'), 'torch.constructor'],
  ])('%s are refused by name', async (_, body, name) => {
    expect(await refusal(pickleOf(body))).toBe(
      `x.bin: the pickle calls ${name}, which lmfuse does not run; save the state dict alone, or as safetensors`,
    );
  });

  it.each([
    ['BUILD on a dict', pickleOf('}}b'), /sets the state of a dict/],
    ['calling a string', pickleOf(text('x'), ')R'), /calls a string/],
    ['OBJ', pickleOf('(o'), /opcode 0x6f \(OBJ\) at byte 3/],
    ['an extension', pickleOf('\x82\x01'), /opcode 0x82 \(EXT1\)/],
    ['a text opcode', pickleOf('I1\n'), /opcode 0x49 \(unknown or of protocol 0 or 1\)/],
    ['protocol 6', bytesOf('\x80\x06N.'), /has protocol 6; 2 to 5 are known/],
    ['another persistent id', pickleOf(text('x'), 'Q'), /refers to a string outside/],
    [
      'a storage of no known type',
      pickleOf(tupleOf(text('storage'), 'N'), 'Q'),
      /whose type is None/,
    ],
    ['an empty stack', pickleOf('a'), /from an empty stack/],
    ['a group never opened', pickleOf('e'), /closes a group/],
    ['items of a number', pickleOf('K\x01(K\x01e'), /adds items to a number, where a list/],
    ['a lone key', pickleOf('}(K\x01u'), /sets a key without a value/],
    ['text that is not UTF-8', pickleOf('\x8c\x01\xff'), /not UTF-8/],
    [
      'a long integer',
      pickleOf('\x8b', [0, 1, 0, 0], new Uint8Array(256)),
      /an integer of 256 bytes/,
    ],
    ['a huge string', pickleOf('X', [255, 255, 255, 255]), /a string of 4294967295 bytes/],
    ['an endless name', pickleOf('c', 'x'.repeat(600)), /a global of over 512 bytes/],
  ])('%s is refused', async (_, pickle, reason) => {
    const message = await refusal(pickle);
    expect(message.startsWith('x.bin: ')).toBe(true);
    expect(message).toMatch(reason);
  });

  it('cleans names of control characters', async () => {
    const message = await refusal(pickleOf(global('os', '\x1b[2J\r')));
    expect(message).toContain('os.\\u001b[2J\\r,');
  });
});

describe('bombs', () => {
  it('refuses cycles, and nesting that the stack does not show', async () => {
    expect(await refusal(pickleOf(']q\x00h\x00a'))).toMatch(/nests deeper than 64 levels/);
    const nested = bytesOf(']'.repeat(100), 'a'.repeat(99));
    expect(await refusal(pickleOf(nested))).toMatch(/nests deeper than 64 levels/);
  });

  it('refuses lists that hold the list before twice, forty times', async () => {
    const doubling = Array.from({ length: 40 }, (_, i) =>
      bytesOf(']q', i + 1, '(h', i, 'h', i, 'e'),
    );
    expect(await refusal(pickleOf(']q\x00', ...doubling))).toMatch(/more than 1000000 values/);
  });

  it('refuses a Namespace that takes its own attributes again and again', async () => {
    const start = bytesOf(global('argparse', 'Namespace'), ')\x81q\x00}K\x01Nsb');
    expect(await refusal(pickleOf(start, 'h\x00b'.repeat(64)))).toMatch(/more than 4000000 steps/);
  });

  it('refuses more opcodes than any checkpoint has', async () => {
    expect(await refusal(pickleOf('N0'.repeat(2_000_001)))).toMatch(/more than 4000000 steps/);
  });
});

describe('zip archives', () => {
  const good = pickleOf(dictOf({ w: tensor() }));

  it('reads the byte order', async () => {
    const withOrder = (order: string) => torchZip(good, { 'a/byteorder': bytesOf(order) });
    expect((await readBytes(withOrder('little'))).tensors).toHaveLength(1);
    expect(await refusalOf(withOrder('big'))).toBe(
      'x.bin: its byte order is "big", only "little" is read',
    );
    expect(await refusalOf(withOrder('l'.repeat(99)))).toMatch(/byteorder has 99 bytes, the limit/);
  });

  it('refuses compressed entries, programs, and archives of something else', async () => {
    expect(await refusalOf(torchZip(good, {}, { method: 8 }))).toMatch(
      /a\/data\.pkl is compressed/,
    );
    expect(await refusalOf(torchZip(good, { 'a/constants.pkl': good }))).toMatch(
      /TorchScript program/,
    );
    expect(await refusalOf(zipOf({ 'readme.txt': good }))).toMatch(/with 0 data\.pkl/);
    expect(await refusalOf(torchZip(good, { 'b/data.pkl': good }))).toMatch(/with 2 data\.pkl/);
  });

  it('refuses what is no PyTorch file at all', async () => {
    expect(await refusalOf(new Uint8Array(0))).toMatch(/neither a zip archive nor a pickle/);
    expect(await refusalOf(good)).toMatch(/is a bare pickle, not a PyTorch file/);
    expect(await refusalOf(bytesOf('version https://git-lfs.github.com/spec/v1\n'))).toMatch(
      /Git LFS pointer/,
    );
  });
});

describe('legacy files', () => {
  const good = pickleOf(dictOf({ w: tensor({ extra: 'N' }) }));

  it('places storages, and views of storages', async () => {
    const view = tupleOf(text('v'), integer(1), integer(2));
    const viewed = pickleOf(dictOf({ w: tensor({ extra: view, size: [2] }), all: tensor() }));
    const file = torchLegacy(viewed);
    const { tensors } = await readBytes(file);
    expect(tensors.map(({ byteOffset }) => file.length - byteOffset)).toEqual([12, 16]);
  });

  it('reads pickles longer than the first read', async () => {
    const long = pickleOf(dictOf({ note: text('x'.repeat(600_000)), w: tensor() }));
    expect((await readBytes(torchLegacy(long))).tensors).toHaveLength(1);
  });

  it('refuses other versions, byte orders, keys and counts, and missing bytes', async () => {
    expect(await refusalOf(torchLegacy(good, { version: 1000 }))).toMatch(/is not 1001/);
    expect(await refusalOf(torchLegacy(good, { littleEndian: false }))).toMatch(/byte order/);
    expect(await refusalOf(torchLegacy(good, { keys: ['0', '0'] }))).toMatch(/"0" is listed twice/);
    expect(await refusalOf(torchLegacy(good, { keys: [] }))).toMatch(
      /its storage "0" is not in the file/,
    );
    expect(await refusalOf(torchLegacy(good, { count: 5 }))).toMatch(
      /has 5 elements, but the pickle says 4/,
    );
    expect(await refusalOf(torchLegacy(good, { data: new Uint8Array(15) }))).toMatch(
      /"0": ends at byte/,
    );
  });
});
