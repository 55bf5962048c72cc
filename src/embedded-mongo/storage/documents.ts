import type { CollectionDefinition, IndexDefinition } from '../catalog/definitions';
import { keyDocument } from '../catalog/definitions';
import { ServerError } from '../errors';
import type { Document } from '../semantics';
import { encodeKey } from '../semantics';
import { decode, encode } from './codec';
import type { OnIndexTrait, PlacedEntry } from './index-entries';
import { entriesIn, entriesOf } from './index-entries';
import { documentKey } from './keys';
import type { Writer } from './view';

/** A document as it lies in the file. */
export interface Stored {
  /** Its key in `documents`, collection number included. */
  key: Buffer;
  bytes: Buffer;
}

/**
 * Writing documents and their index entries together. Each function checks first and throws before anything is
 * put, so that a refused write leaves nothing in the batch.
 */
export class DocumentWriter {
  constructor(private readonly onTrait: OnIndexTrait) {}

  /** Claims all that {@link insert} will change, before anything is put. */
  claimInsert(writer: Writer, collection: CollectionDefinition, document: Document): void {
    const key = documentKey(collection.number, encodeKey(document['_id']));
    writer.claim('documents', key);
    if (!collection.indexes.some(({ unique }) => unique)) return;
    for (const { index, key: entry } of entriesOf(collection, document, key.subarray(4), this.onTrait)) {
      if (index.unique) writer.claim('indexes', entry);
    }
  }

  /** @throws ServerError 11000 when the _id or a unique key exists */
  insert(writer: Writer, collection: CollectionDefinition, document: Document, bytes: Buffer): void {
    const key = documentKey(collection.number, encodeKey(document['_id']));
    writer.claim('documents', key);
    if (writer.get('documents', key))
      throw duplicateKey(collection, '_id_', { _id: 1 }, { _id: document['_id'] });
    const entries = entriesOf(collection, document, key.subarray(4), this.onTrait);
    this.claimUnique(writer, collection, entries, document, key.subarray(4));
    writer.put('documents', key, bytes);
    for (const entry of entries) writer.put('indexes', entry.key, entry.value);
  }

  /** Replaces `stored`, whose decoded form is `before`, with `after`. @returns its new bytes */
  update(
    writer: Writer,
    collection: CollectionDefinition,
    stored: Stored,
    before: Document,
    after: Document,
  ): Buffer {
    const bytes = encode(after);
    if (bytes.equals(stored.bytes)) return stored.bytes;
    const id = stored.key.subarray(4);
    writer.claim('documents', stored.key);
    const affected = collection.indexes.filter((index) => isAffected(index, before, after));
    const entriesFor = (document: Document): PlacedEntry[] =>
      affected.flatMap((index) => entriesIn(collection, index, document, id, this.onTrait));
    const { removed, added } = difference(entriesFor(before), entriesFor(after));
    for (const entry of removed) if (entry.index.unique) writer.claim('indexes', entry.key);
    this.claimUnique(writer, collection, added, after, id);
    writer.put('documents', stored.key, bytes);
    for (const entry of removed) writer.remove('indexes', entry.key);
    for (const entry of added) writer.put('indexes', entry.key, entry.value);
    return bytes;
  }

  remove(writer: Writer, collection: CollectionDefinition, stored: Stored): void {
    writer.claim('documents', stored.key);
    if (collection.indexes.length > 0) {
      const entries = entriesOf(collection, decode(stored.bytes), stored.key.subarray(4), this.onTrait);
      for (const entry of entries) if (entry.index.unique) writer.claim('indexes', entry.key);
      for (const entry of entries) writer.remove('indexes', entry.key);
    }
    writer.remove('documents', stored.key);
  }

  private claimUnique(
    writer: Writer,
    collection: CollectionDefinition,
    entries: readonly PlacedEntry[],
    document: Document,
    id: Buffer,
  ): void {
    for (const { index, key } of entries) {
      if (!index.unique) continue;
      writer.claim('indexes', key);
      const holder = writer.get('indexes', key);
      if (holder && !holder.equals(id)) throw duplicateIn(collection, index, document, key);
    }
  }
}

/** False when all fields of an index are the very values they were: an update copies only what it changes. */
function isAffected({ pattern, partialFilter }: IndexDefinition, before: Document, after: Document): boolean {
  const conditions = Object.keys(partialFilter ?? {});
  if (conditions.some((name) => name.startsWith('$'))) return true;
  const paths = [...pattern.map(([path]) => path), ...conditions];
  return paths.some((path) => {
    const [root = ''] = path.split('.', 1);
    return before[root] !== after[root];
  });
}

/** Entries only in the one and only in the other; the order of equal ones does not matter. */
function difference(
  before: PlacedEntry[],
  after: PlacedEntry[],
): { removed: PlacedEntry[]; added: PlacedEntry[] } {
  if (before.length === 0 || after.length === 0) return { removed: before, added: after };
  const old = new Map(before.map((entry) => [entry.key.toString('latin1'), entry]));
  const added: PlacedEntry[] = [];
  for (const entry of after) if (!old.delete(entry.key.toString('latin1'))) added.push(entry);
  return { removed: [...old.values()], added };
}

/** The duplicate key error of an index, with the values that collided where a single path leads to them. */
export function duplicateIn(
  collection: CollectionDefinition,
  index: IndexDefinition,
  document: Document,
  entryKey: Buffer,
): ServerError {
  const values = Object.fromEntries(
    index.pattern.map(([path, direction]) => [path, valueAt(document, path, entryKey, direction)]),
  );
  return duplicateKey(collection, index.name, keyDocument(index), values);
}

function duplicateKey(
  collection: CollectionDefinition,
  index: string,
  pattern: Document,
  value: Document,
): ServerError {
  const shown = Object.entries(value).map(([path, part]) => `${path}: ${show(part)}`);
  return new ServerError(
    11000,
    `E11000 duplicate key error collection: ${collection.namespace} index: ${index} dup key: { ${shown.join(', ')} }`,
    [],
    { keyPattern: pattern, keyValue: value },
  );
}

/** The value at a path; of an array, the element whose key is part of the entry. */
function valueAt(document: unknown, path: string, entryKey: Buffer, direction: number): unknown {
  let values: unknown[] = [document];
  for (const name of path.split('.')) {
    values = values
      .flatMap((value) => (Array.isArray(value) ? value : [value]))
      .map((value) => (value as Document | null)?.[name]);
  }
  const candidates = values.flatMap((value) => (Array.isArray(value) ? value : [value]));
  const found = candidates.find(
    (value) => value !== undefined && entryKey.includes(encodeKey(value, direction < 0)),
  );
  return found ?? null;
}

function show(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  const tag = (value as { _bsontype?: string })._bsontype;
  if (tag === 'ObjectId') return `ObjectId('${String(value)}')`;
  if (tag !== undefined) return String(value);
  if (value instanceof Date) return `new Date(${value.getTime()})`;
  return JSON.stringify(value);
}
