/**
 * PyTorch's zip format (since 1.6): `<name>/data.pkl`, `<name>/data/<storage key>`,
 * `<name>/byteorder`. Entries are stored without compression so that they can be mapped; a
 * compressed one is refused, since its tensors have no place in the file.
 */

import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';
import { badInput, FusionError } from '../../errors.ts';
import type { ByteSource } from '../../io/byteSource.ts';
import { MAX_ARCHIVE_ENTRIES, MAX_PICKLE_BYTES } from './limits.ts';
import { parsePickle } from './pickle.ts';
import type { PickleStorage } from './pickleValue.ts';
import { printable } from './printable.ts';
import type { StoragePlace } from './tensorEntry.ts';
import type { TorchLayout } from './torchLayout.ts';

interface Archive {
  readonly source: ByteSource;
  readonly zip: ZipFile;
  readonly entries: ReadonlyMap<string, Entry>;
}

export async function readZipLayout(source: ByteSource): Promise<TorchLayout> {
  const archive = await explained(source, () => openArchive(source));
  const root = rootFolder(archive);
  await assertLittleEndian(archive, root);
  const pickle = await readEntry(archive, `${root}data.pkl`, MAX_PICKLE_BYTES);
  const { value, storages } = parsePickle(pickle, 0, source.name);
  return { root: value, places: await placesOf(storages, archive, root), description: pickle };
}

/** yauzl's view of a source. Directory records follow each other, so a little is read ahead. */
class SourceReader extends RandomAccessReader {
  readonly #source: ByteSource;
  #ahead: Uint8Array = new Uint8Array(0);
  #aheadStart = 0;

  constructor(source: ByteSource) {
    super();
    this.#source = source;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#bytes(position, length).then((bytes) => {
      buffer.set(bytes, offset);
      callback(null);
    }, callback);
  }

  async #bytes(position: number, length: number): Promise<Uint8Array> {
    if (position + length > this.#source.byteLength) throw new Error('a record lies past the end');
    const start = position - this.#aheadStart;
    if (start >= 0 && start + length <= this.#ahead.length) {
      return this.#ahead.subarray(start, start + length);
    }
    const end = Math.min(position + Math.max(length, READ_AHEAD), this.#source.byteLength);
    this.#ahead = await this.#source.slice(position, end);
    this.#aheadStart = position;
    return this.#ahead.subarray(0, length);
  }
}

/** Bytes; about forty records of a zip directory. */
const READ_AHEAD = 4096;

/** yauzl's errors, as sentences of ours. */
async function explained<T>(source: ByteSource, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof FusionError || !(cause instanceof Error)) throw cause;
    throw badInput(
      `${source.name}: begins as a zip archive, but is damaged or truncated (${printable(cause.message)})`,
      cause,
    );
  }
}

async function openArchive(source: ByteSource): Promise<Archive> {
  const reader = new SourceReader(source);
  const zip = await fromRandomAccessReaderPromise(reader, source.byteLength, { autoClose: false });
  if (zip.entryCount > MAX_ARCHIVE_ENTRIES) {
    throw badInput(
      `${source.name}: the archive says it has ${zip.entryCount} entries, the limit is ${MAX_ARCHIVE_ENTRIES}`,
    );
  }
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    if (entries.has(entry.fileName)) {
      throw badInput(`${source.name}: the archive holds "${printable(entry.fileName)}" twice`);
    }
    entries.set(entry.fileName, entry);
  }
  return { source, zip, entries };
}

/** The folder, with its slash, that holds `data.pkl`. */
function rootFolder({ source, entries }: Archive): string {
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1) {
    throw badInput(
      `${source.name}: is a zip archive with ${pickles.length} data.pkl, where a PyTorch file has 1`,
    );
  }
  const root = pickle.slice(0, -'data.pkl'.length);
  if (!entries.has(`${root}constants.pkl`)) return root;
  throw badInput(`${source.name}: is a TorchScript program, not a checkpoint of weights`);
}

async function assertLittleEndian(archive: Archive, root: string): Promise<void> {
  const name = `${root}byteorder`;
  // Archives before PyTorch 2.1 have no such entry and are little-endian.
  if (!archive.entries.has(name)) return;
  const order = Buffer.from(await readEntry(archive, name, MAX_BYTE_ORDER_BYTES)).toString(
    'latin1',
  );
  if (order === 'little') return;
  throw badInput(
    `${archive.source.name}: its byte order is "${printable(order)}", only "little" is read`,
  );
}

/** `little` or `big`. */
const MAX_BYTE_ORDER_BYTES = 16;

async function readEntry(archive: Archive, name: string, maxBytes: number): Promise<Uint8Array> {
  const entry = archive.entries.get(name);
  if (!entry) throw badInput(`${archive.source.name}: the archive has no ${name}`);
  const { byteOffset, byteLength } = await placeOf(entry, archive);
  if (byteLength > maxBytes) {
    throw badInput(
      `${archive.source.name}: ${printable(name)} has ${byteLength} bytes, the limit is ${maxBytes}`,
    );
  }
  return archive.source.slice(byteOffset, byteOffset + byteLength);
}

/** Storages that the archive lacks are left out: the tensor that needs one names it. */
async function placesOf(storages: readonly PickleStorage[], archive: Archive, root: string) {
  const places = new Map<string, StoragePlace>();
  for (const { key } of storages) {
    const entry = archive.entries.get(`${root}data/${key}`);
    if (entry && !places.has(key)) places.set(key, await placeOf(entry, archive));
  }
  return places;
}

async function placeOf(entry: Entry, { source, zip }: Archive): Promise<StoragePlace> {
  const name = printable(entry.fileName);
  if (entry.compressionMethod !== 0 || entry.isEncrypted()) {
    throw badInput(
      `${source.name}: ${name} is compressed or encrypted; only plain entries, as torch.save writes them, are read`,
    );
  }
  const header = await explained(source, () =>
    zip.readLocalFileHeaderPromise(entry, { minimal: true }),
  );
  return { byteOffset: header.fileDataStart, byteLength: entry.uncompressedSize };
}
