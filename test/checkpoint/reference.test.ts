import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveModel } from '../../src/checkpoint/reference.ts';
import { hubCacheFolder } from '../../src/cli/hubCacheFolder.ts';
import { addFiles, makeFolder, messageOf } from './files.ts';

const COMMIT = 'a1b2'.repeat(10);
const OTHER = `a1b2c${'0'.repeat(35)}`;

/** Two folders and a cache that holds org/name twice, and gpt2. */
function makePlaces() {
  const root = makeFolder({
    'here/both/x': '',
    'here/mine/x': '',
    'here/w.safetensors': '',
    'here/notes.txt': '',
    'here/with+plus/x': '',
    'recipes/both/x': '',
    'recipes/theirs/x': '',
    'cache/models--org--name/refs/main': `${COMMIT}\n`,
    'cache/models--org--name/refs/refs/pr/1': OTHER,
    [`cache/models--org--name/snapshots/${COMMIT}/config.json`]: '{}',
    [`cache/models--org--name/snapshots/${OTHER}/config.json`]: '{}',
    'cache/models--gpt2/refs/main': COMMIT,
    [`cache/models--gpt2/snapshots/${COMMIT}/config.json`]: '{}',
    'cache/models--org--gone/refs/main': COMMIT,
    'cache/models--org--broken/refs/main': '../../../../here/mine',
  });
  const options = {
    currentFolder: join(root, 'here'),
    recipeFolder: join(root, 'recipes'),
    cacheFolder: join(root, 'cache'),
  };
  const snapshots = join(root, 'cache', 'models--org--name', 'snapshots');
  return { root, options, snapshots };
}

describe('a local model', () => {
  it('is a folder or weight file of the current folder, else of the recipe', async () => {
    const { root, options } = makePlaces();
    const resolve = (name: string) => resolveModel(name, options);
    expect(await resolve('mine')).toEqual({ path: join(root, 'here', 'mine') });
    expect(await resolve('./mine/')).toEqual({ path: join(root, 'here', 'mine') });
    expect(await resolve('theirs')).toEqual({ path: join(root, 'recipes', 'theirs') });
    expect(await resolve('w.safetensors')).toEqual({ path: join(root, 'here', 'w.safetensors') });
    expect(await resolve('with+plus')).toEqual({ path: join(root, 'here', 'with+plus') });
    const absolute = join(root, 'here', 'both');
    expect(await resolve(absolute)).toEqual({ path: absolute });
  });

  it('must not be two different ones', async () => {
    const { root, options } = makePlaces();
    const message = await messageOf(() => resolveModel('both', options));
    expect(message).toContain(join(root, 'here', 'both'));
    expect(message).toContain(join(root, 'recipes', 'both'));
  });

  it('may be the same one by two ways', async () => {
    const { root, options } = makePlaces();
    symlinkSync(join(root, 'here', 'mine'), join(root, 'recipes', 'mine'));
    expect(await resolveModel('mine', options)).toEqual({ path: join(root, 'here', 'mine') });
    const same = { ...options, recipeFolder: options.currentFolder };
    expect(await resolveModel('both', same)).toEqual({ path: join(root, 'here', 'both') });
  });

  it('comes before the cache', async () => {
    const { root, options } = makePlaces();
    mkdirSync(join(root, 'here', 'org', 'name'), { recursive: true });
    const path = join(root, 'here', 'org', 'name');
    expect(await resolveModel('org/name', options)).toEqual({ path });
  });
});

describe('a model in the Hugging Face cache', () => {
  it.each([
    ['org/name', COMMIT],
    ['org/name@main', COMMIT],
    ['org/name@refs/pr/1', OTHER],
    [`org/name@${OTHER}`, OTHER],
    ['org/name@a1b2c', OTHER],
    ['org/name@a1b2a', COMMIT],
  ])('%s', async (reference, commit) => {
    const { options, snapshots } = makePlaces();
    expect(await resolveModel(reference, options)).toEqual({ path: join(snapshots, commit) });
  });

  it('may have no organisation', async () => {
    const { root, options } = makePlaces();
    const path = join(root, 'cache', 'models--gpt2', 'snapshots', COMMIT);
    expect(await resolveModel('gpt2', options)).toEqual({ path });
  });

  it.each([
    ['an unknown revision', 'org/name@v2', `revision "v2" is not in`],
    ['a prefix that is too short', 'org/name@a1b', 'revision "a1b" is not in'],
    ['a prefix of two commits', 'org/name@a1b2', `could be ${COMMIT} or ${OTHER}`],
    [
      'a revision whose snapshot is gone',
      'org/gone',
      `names ${COMMIT} for revision "main", but has`,
    ],
    [
      'a reference that leads elsewhere',
      'org/broken',
      'holds "../../../../here/mine", not a commit',
    ],
  ])('%s is an error', async (_, reference, part) => {
    const { options } = makePlaces();
    expect(await messageOf(() => resolveModel(reference, options))).toContain(part);
  });

  it.each(['../here/mine@main', 'org/name@../../x', 'org/..@main', 'a/b/c', 'models--org--name'])(
    '%s is no name of the hub',
    async (reference) => {
      const { options } = makePlaces();
      const message = await messageOf(() => resolveModel(reference, options));
      expect(message).toContain('not found in');
      expect(message).not.toContain(join('cache', 'models--'));
    },
  );
});

describe('a model that is not found', () => {
  it('names every place and says that nothing is downloaded', async () => {
    const { root, options } = makePlaces();
    const message = await messageOf(() => resolveModel('org/none', options));
    expect(message).toContain('model "org/none": not found in ');
    expect(message).toContain(join(root, 'here', 'org', 'none'));
    expect(message).toContain(join(root, 'recipes', 'org', 'none'));
    expect(message).toContain(join(root, 'cache', 'models--org--none'));
    expect(message).toContain('downloading is not supported yet');
  });

  it('needs neither recipe folder nor cache', async () => {
    const { root } = makePlaces();
    const options = { currentFolder: root };
    const message = await messageOf(() => resolveModel('org/name', options));
    expect(message).toContain(`not found in ${join(root, 'org', 'name')};`);
  });

  it.each(['mine+lora', 'org/name+org/lora@main', './x+y'])('%s: adapters', async (reference) => {
    const { options } = makePlaces();
    const message = await messageOf(() => resolveModel(reference, options));
    expect(message).toContain('adapters (model+lora) are not supported yet');
  });

  it('is not a file of no weights, nor an empty or impossible name', async () => {
    const { options } = makePlaces();
    const errorOf = (name: string) => messageOf(() => resolveModel(name, options));
    expect(await errorOf('notes.txt')).toContain('not found in');
    expect(await errorOf('')).toContain('is empty');
    expect(await errorOf('x'.repeat(5000))).toContain('not found in');
    expect(await errorOf('a\0b')).toContain('cannot be read');
  });
});

describe('hubCacheFolder', () => {
  it.each([
    [{}, '/home/u/.cache/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/xdg' }, '/xdg/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/xdg', HF_HOME: '/hf' }, '/hf/hub'],
    [{ XDG_CACHE_HOME: '/xdg', HF_HOME: '/hf', HF_HUB_CACHE: '/hub' }, '/hub'],
    [{ HF_HUB_CACHE: '', HF_HOME: '~/hf' }, '/home/u/hf/hub'],
    [{ HF_HUB_CACHE: '~' }, '/home/u'],
  ])('%j', (env, folder) => {
    expect(hubCacheFolder(env, '/home/u')).toBe(join(folder));
  });
});

it('sees models that are added later', async () => {
  const { root, options, snapshots } = makePlaces();
  addFiles(root, { 'cache/models--org--name/refs/v2': OTHER });
  expect(await resolveModel('org/name@v2', options)).toEqual({ path: join(snapshots, OTHER) });
});
