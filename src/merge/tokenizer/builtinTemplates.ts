/**
 * Chat templates that a recipe may name, written from the prompt formats that the models' authors
 * publish. `tokens` are those that the template relies on.
 */

export interface BuiltinTemplate {
  readonly tokens: readonly string[];
  readonly template: string;
}

/** Stanford Alpaca: instruction and response under headings, no tokens of its own. */
const ALPACA = `{%- if messages and messages[0]['role'] == 'system' -%}
{{ messages[0]['content'] + '\\n\\n' }}
{%- else -%}
{{ 'Below is an instruction that describes a task. Write a response that appropriately completes the request.\\n\\n' }}
{%- endif -%}
{%- for message in messages -%}
{%- if message['role'] == 'user' -%}
{{ '### Instruction:\\n' + message['content'] + '\\n\\n' }}
{%- elif message['role'] == 'assistant' -%}
{{ '### Response:\\n' + message['content'] + eos_token + '\\n\\n' }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '### Response:\\n' }}{%- endif -%}`;

/** OpenAI ChatML. */
const CHATML = `{%- for message in messages -%}
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}`;

/** Meta Llama 3 (the text-only dialogue format). */
const LLAMA3 = `{{- bos_token -}}
{%- for message in messages -%}
{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif -%}`;

/** Mistral Instruct; a system message is put before the first instruction. */
const MISTRAL = `{{- bos_token -}}
{%- set state = namespace(system='') -%}
{%- for message in messages -%}
{%- if message['role'] == 'system' -%}
{%- set state.system = message['content'] + '\\n\\n' -%}
{%- elif message['role'] == 'user' -%}
{{ '[INST] ' + state.system + message['content'] + ' [/INST]' }}
{%- set state.system = '' -%}
{%- elif message['role'] == 'assistant' -%}
{{ ' ' + message['content'] | trim + eos_token }}
{%- endif -%}
{%- endfor -%}`;

/** LG EXAONE 3: a user turn ends with its line, the others with a token. */
const EXAONE = `{%- if not messages or messages[0]['role'] != 'system' -%}
{{ '[|system|][|endofturn|]\\n' }}
{%- endif -%}
{%- for message in messages -%}
{%- set end = '\\n' if message['role'] == 'user' else '[|endofturn|]\\n' -%}
{{ '[|' + message['role'] + '|]' + message['content'] + end }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '[|assistant|]' }}{%- endif -%}`;

export const BUILTIN_TEMPLATES: Readonly<Record<string, BuiltinTemplate>> = {
  alpaca: { tokens: [], template: ALPACA },
  chatml: { tokens: ['<|im_start|>', '<|im_end|>'], template: CHATML },
  llama3: { tokens: ['<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'], template: LLAMA3 },
  mistral: { tokens: [], template: MISTRAL },
  exaone: { tokens: ['[|endofturn|]'], template: EXAONE },
};
