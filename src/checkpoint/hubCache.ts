/**
 * The local cache of huggingface_hub, read only: `models--org--name/refs/<revision>` holds a commit
 * hash, and `snapshots/<hash>/` the files (as links). Which folder the cache is, the caller says.
 * Layout: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput } from '../errors.ts';
import { isExistingFile, isExistingFolder } from '../io/existing.ts';
import { isInsideName } from './relativeName.ts';

export interface HubName {
  /** `org/name`, or `name` alone for the oldest models. */
  readonly repository: string;
  readonly revision: string;
}

const REPOSITORY = /^[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9][\w.-]*)?$/;
const DEFAULT_REVISION = 'main';
const COMMIT_HASH = /^[0-9a-f]{40}$/;
/** Shorter prefixes than git itself accepts are more likely names of branches. */
const HASH_PREFIX = /^[0-9a-f]{4,40}$/;

/** `org/name[@revision]`, or undefined when the reference cannot be one. */
export function parseHubName(reference: string): HubName | undefined {
  const at = reference.indexOf('@');
  const repository = at < 0 ? reference : reference.slice(0, at);
  const revision = at < 0 ? DEFAULT_REVISION : reference.slice(at + 1);
  // Hub names hold no "--": the cache writes that for the slash.
  const allowed = REPOSITORY.test(repository) && !/--|\.\./.test(repository);
  return allowed && isInsideName(revision) ? { repository, revision } : undefined;
}

export function hubFolderName({ repository }: HubName): string {
  return `models--${repository.replace('/', '--')}`;
}

/** Path of the snapshot; undefined when the cache does not have the model at all. */
export async function findInHubCache(
  name: HubName,
  cacheFolder: string,
): Promise<string | undefined> {
  const folder = join(cacheFolder, hubFolderName(name));
  if (!(await isExistingFolder(folder))) return undefined;
  const snapshots = join(folder, 'snapshots');
  const commits = (await isExistingFolder(snapshots)) ? await readdir(snapshots) : [];
  const commit = await readRef(folder, name.revision);
  if (commit === undefined) return join(snapshots, matchCommit(name, commits, folder));
  if (commits.includes(commit)) return join(snapshots, commit);
  throw badInput(
    `model ${JSON.stringify(name.repository)}: ${folder} names ${commit} for revision ${JSON.stringify(name.revision)}, but has no such snapshot; downloading is not supported yet`,
  );
}

async function readRef(folder: string, revision: string): Promise<string | undefined> {
  const path = join(folder, 'refs', revision);
  if (!(await isExistingFile(path))) return undefined;
  const commit = (await readFile(path, 'utf8')).trim();
  if (COMMIT_HASH.test(commit)) return commit;
  throw badInput(`${path}: holds ${JSON.stringify(commit.slice(0, 80))}, not a commit hash`);
}

function matchCommit(name: HubName, commits: readonly string[], folder: string): string {
  const { repository, revision } = name;
  const matching = HASH_PREFIX.test(revision)
    ? commits.filter((commit) => commit.startsWith(revision)).sort()
    : [];
  const [commit] = matching;
  if (commit !== undefined && matching.length === 1) return commit;
  const subject = `model ${JSON.stringify(repository)}: revision ${JSON.stringify(revision)}`;
  if (matching.length > 1) throw badInput(`${subject} could be ${matching.join(' or ')}`);
  const known = commits.length > 0 ? [...commits].sort().join(', ') : 'none';
  throw badInput(
    `${subject} is not in ${folder} (snapshots: ${known}); downloading is not supported yet`,
  );
}

/** Whether a path lies in a Hub cache, so that its model is known by name on the Hub. */
export function isInHubCache(path: string): boolean {
  return /[\\/]models--[^\\/]+[\\/]snapshots[\\/]/.test(path);
}
