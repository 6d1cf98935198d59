import { Template } from '@huggingface/jinja';
import { describe, expect, it } from 'vitest';
import {
  applyChatTemplate,
  chooseChatTemplate,
} from '../../../src/merge/tokenizer/chatTemplate.ts';
import { bpe, vocabularyOf } from './fixtures.ts';

const MESSAGES = [
  { role: 'system', content: 'S' },
  { role: 'user', content: 'U' },
  { role: 'assistant', content: 'A' },
  { role: 'user', content: 'V' },
];

function render(setting: string, messages = MESSAGES): string {
  const template = new Template(chooseChatTemplate(setting, []) ?? '');
  return template.render({
    messages,
    bos_token: '<s>',
    eos_token: '</s>',
    add_generation_prompt: true,
  });
}

describe('built-in templates', () => {
  it.each([
    [
      'chatml',
      '<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n',
    ],
    [
      'llama3',
      '<s><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nU<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nV<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
    ],
    ['mistral', '<s>[INST] S\n\nU [/INST] A</s>[INST] V [/INST]'],
    [
      'exaone',
      '[|system|]S[|endofturn|]\n[|user|]U\n[|assistant|]A[|endofturn|]\n[|user|]V\n[|assistant|]',
    ],
    [
      'alpaca',
      'S\n\n### Instruction:\nU\n\n### Response:\nA</s>\n\n### Instruction:\nV\n\n### Response:\n',
    ],
  ])('%s renders its prompt format', (name, expected) => {
    expect(render(name)).toBe(expected);
  });

  it('have their defaults without a system message', () => {
    const user = [{ role: 'user', content: 'U' }];
    expect(render('exaone', user)).toBe('[|system|][|endofturn|]\n[|user|]U\n[|assistant|]');
    expect(render('alpaca', user)).toBe(
      'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n' +
        '### Instruction:\nU\n\n### Response:\n',
    );
  });
});

describe('chooseChatTemplate', () => {
  it('auto takes the most common, of equals the first, else none', () => {
    expect(chooseChatTemplate('auto', ['a', 'b', undefined, 'b'])).toBe('b');
    expect(chooseChatTemplate('auto', [undefined, 'a', 'b'])).toBe('a');
    expect(chooseChatTemplate('auto', [undefined])).toBeUndefined();
  });

  it('takes Jinja as it is and refuses an unknown name', () => {
    expect(chooseChatTemplate('{{ messages }}', ['a'])).toBe('{{ messages }}');
    expect(() => chooseChatTemplate('chatlm', [])).toThrow(
      'unknown template "chatlm", did you mean "chatml"?',
    );
    expect(() => chooseChatTemplate('toString', [])).toThrow('unknown template "toString"');
  });
});

describe('applyChatTemplate', () => {
  const none = {
    files: [],
    copies: [{ model: 1, name: 'tokenizer_config.json' }],
    omitted: ['chat_template.jinja'],
  };
  const source = vocabularyOf('m', bpe({ a: 0 }), {
    tokenizerConfig: { eos_token: 'a', chat_template: 'old' },
    files: ['chat_template.jinja', 'tokenizer_config.json'],
  });

  it('writes tokenizer_config.json and replaces chat_template.jinja', () => {
    const { files } = applyChatTemplate(
      { setting: '{{ x }}', templates: [], source, output: source },
      none,
    );
    expect(files.copies).toEqual([]);
    expect(files.omitted).toEqual([]);
    expect(files.files.map(({ name }) => name)).toEqual([
      'tokenizer_config.json',
      'chat_template.jinja',
    ]);
    expect(JSON.parse(files.files[0]!.content)).toEqual({
      eos_token: 'a',
      chat_template: '{{ x }}',
    });
    expect(files.files[1]!.content).toBe('{{ x }}');
  });

  it('keeps what is already written, and names missing tokens', () => {
    const written = { ...none, files: [{ name: 'tokenizer_config.json', content: '{"b": 1}' }] };
    const { files, notes } = applyChatTemplate(
      { setting: 'chatml', templates: [], source, output: source },
      written,
    );
    expect(JSON.parse(files.files[0]!.content)).toMatchObject({
      b: 1,
      chat_template: expect.any(String),
    });
    expect(notes).toEqual([
      'chat_template: chatml uses <|im_start|>, <|im_end|>, which the output vocabulary lacks',
    ]);
  });

  it('changes nothing when no model has a template', () => {
    const result = applyChatTemplate(
      { setting: 'auto', templates: [undefined], source, output: source },
      none,
    );
    expect(result.files).toBe(none);
    expect(result.notes).toEqual(['chat_template: auto, but no model has one']);
  });
});
