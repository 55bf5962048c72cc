import type { CollectionDefinition, IndexDefinition } from '../catalog/definitions';
import { keyDocument } from '../catalog/definitions';
import { ServerError } from '../errors';
import type { Document } from '../semantics';
import { encodeKey } from '../semantics';
import { checkSize } from './codec';
import type { OnIndexTrait, PlacedEntry } from './index-entries';
import { entriesOf, indexedFields, looksAt } from './index-entries';
import { documentKey } from './keys';
import { decodeFields, differingFields } from './partial';
import type { Writer } from './view';

/** A document as it lies in the file. */
export interface Stored {
  /** Its key in `documents`, collection number included. */
  key: Buffer;
  bytes: Buffer;
}

/** A document that is to be inserted, and all that it puts. */
export interface Placed extends Stored {
  /** What indexes look at of it, decoded. */
  readonly indexed: Document;
  readonly entries: readonly PlacedEntry[];
}

/**
 * Writing documents and their index entries together. Only those fields of a document are decoded that the collection's
 * indexes look at.
 */
export class DocumentWriter {
  constructor(private readonly onTrait: OnIndexTrait) {}

  /** Makes a document (its _id first) ready to be inserted. */
  place(collection: CollectionDefinition, bytes: Buffer): Placed {
    const indexed = decodeFields(bytes, indexedFields(collection.indexes));
    const key = documentKey(collection.number, encodeKey(indexed['_id']));
    const entries = entriesOf(collection, collection.indexes, indexed, key.subarray(4), this.onTrait);
    return { key, bytes, indexed, entries };
  }

  /** Claims all that {@link insert} will change, before anything is put. */
  claimInsert(writer: Writer, { key, entries }: Placed): void {
    writer.claim('documents', key);
    for (const entry of entries) if (entry.index.unique) writer.claim('indexes', entry.key);
  }

  /** @throws ServerError 11000 when the _id or a unique key exists */
  insert(writer: Writer, collection: CollectionDefinition, placed: Placed): void {
    const { key, bytes, indexed, entries } = placed;
    this.claimInsert(writer, placed);
    if (writer.get('documents', key))
      throw duplicateKey(collection, '_id_', { _id: 1 }, { _id: indexed['_id'] });
    this.checkUnique(writer, collection, entries, indexed, key.subarray(4));
    writer.put('documents', key, bytes);
    for (const entry of entries) writer.put('indexes', entry.key, entry.value);
  }

  /** Puts `bytes` in the place of `stored`. @returns whether that changes anything */
  update(writer: Writer, collection: CollectionDefinition, stored: Stored, bytes: Buffer): boolean {
    if (bytes.equals(stored.bytes)) return false;
    checkSize(bytes);
    const id = stored.key.subarray(4);
    writer.claim('documents', stored.key);
    const { removed, added, indexed } = this.changedEntries(collection, stored.bytes, bytes, id);
    for (const entry of removed) if (entry.index.unique) writer.claim('indexes', entry.key);
    for (const entry of added) if (entry.index.unique) writer.claim('indexes', entry.key);
    this.checkUnique(writer, collection, added, indexed, id);
    writer.put('documents', stored.key, bytes);
    for (const entry of removed) writer.remove('indexes', entry.key);
    for (const entry of added) writer.put('indexes', entry.key, entry.value);
    return true;
  }

  remove(writer: Writer, collection: CollectionDefinition, stored: Stored): void {
    writer.claim('documents', stored.key);
    const { indexes } = collection;
    if (indexes.length > 0) {
      const indexed = decodeFields(stored.bytes, indexedFields(indexes));
      const entries = entriesOf(collection, indexes, indexed, stored.key.subarray(4), this.onTrait);
      for (const entry of entries) if (entry.index.unique) writer.claim('indexes', entry.key);
      for (const entry of entries) writer.remove('indexes', entry.key);
    }
    writer.remove('documents', stored.key);
  }

  /** What an update changes in the indexes: only those are looked at whose fields are other bytes than before. */
  private changedEntries(
    collection: CollectionDefinition,
    before: Buffer,
    after: Buffer,
    id: Buffer,
  ): { removed: PlacedEntry[]; added: PlacedEntry[]; indexed: Document } {
    const fields = indexedFields(collection.indexes);
    const differing = fields && differingFields(before, after, fields);
    const affected = collection.indexes.filter((index) => !differing || looksAt(index, differing));
    if (affected.length === 0) return { removed: [], added: [], indexed: {} };
    const affectedFields = indexedFields(affected);
    const entriesIn = (document: Document): PlacedEntry[] =>
      entriesOf(collection, affected, document, id, this.onTrait);
    const indexed = decodeFields(after, affectedFields);
    const old = entriesIn(decodeFields(before, affectedFields));
    return { ...difference(old, entriesIn(indexed)), indexed };
  }

  private checkUnique(
    writer: Writer,
    collection: CollectionDefinition,
    entries: readonly PlacedEntry[],
    document: Document,
    id: Buffer,
  ): void {
    for (const { index, key } of entries) {
      if (!index.unique) continue;
      const holder = writer.get('indexes', key);
      if (holder && !holder.equals(id)) throw duplicateIn(collection, index, document, key);
    }
  }
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
