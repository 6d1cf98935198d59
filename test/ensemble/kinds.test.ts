/** What holds of every kind of ensemble, whatever it does. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensemble } from '../../src/ensemble/ensemble.ts';
import { ENSEMBLE_KINDS } from '../../src/ensemble/kind/registry.ts';
import { COMMON_KEYS } from '../../src/ensemble/recipe/schema.ts';
import { constantClassifier, randomTable, toyModel } from './members.ts';

const classifier = constantClassifier('c', { a: 0.7, b: 0.3 });
const writer = toyModel('w', randomTable(5, 1), 5);

describe.each(ENSEMBLE_KINDS.map((kind) => [kind.name, kind] as const))('%s', (name, kind) => {
  it('says what it does, in a sentence', () => {
    expect(kind.summary).toMatch(/^[A-Z].*\.$/);
  });

  it('has keys of its own, with a description each', () => {
    for (const [key, schema] of Object.entries(kind.settings.shape)) {
      expect(COMMON_KEYS).not.toContain(key);
      const { description } = schema as { description?: string };
      const inner = (schema as { unwrap?: () => { description?: string } }).unwrap?.();
      expect(description ?? inner?.description, key).toBeTypeOf('string');
    }
  });

  it('refuses keys that it does not know', () => {
    const member = kind.tasks.includes('text-classification') ? classifier : writer;
    expect(() => ensemble({ ensemble: name, members: [{ model: member }], widht: 3 })).toThrow(
      `ensemble ${name}`,
    );
  });

  it('refuses members that cannot do what it needs', () => {
    const idle = { name: 'idle', close: async () => {} };
    const [task] = kind.tasks;
    expect(() => ensemble({ ensemble: name, task: task!, members: [{ model: idle }] })).toThrow(
      /idle/,
    );
  });

  it('refuses a task that it is not for', () => {
    const others = (['text-classification', 'translation', 'text-generation'] as const).filter(
      (task) => !kind.tasks.includes(task),
    );
    for (const task of others) {
      expect(() => ensemble({ ensemble: name, task, members: [{ model: classifier }] })).toThrow(
        `${name} is for`,
      );
    }
  });

  it('needs a member', () => {
    expect(() => ensemble({ ensemble: name, members: [] })).toThrow('needs a member');
  });
});

it('kinds are registered, all that have a file', () => {
  const files = readdirSync(join(import.meta.dirname, '../../src/ensemble/kind'));
  const shared = ['answerForm.ts', 'generation.ts', 'kind.ts', 'registry.ts'];
  // votes.ts has three kinds and outputs.ts two.
  expect(files.filter((file) => !shared.includes(file))).toHaveLength(ENSEMBLE_KINDS.length - 3);
});
