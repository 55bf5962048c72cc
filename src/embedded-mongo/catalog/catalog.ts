import { randomBytes } from 'node:crypto';
import { Binary, Long } from 'bson';
import { ServerError } from '../errors';
import type { Document } from '../semantics';
import { decode, encode } from '../storage/codec';
import type { Environment } from '../storage/environment';
import type { View, Writer } from '../storage/view';
import { SnapshotView, afterPrefix, scanRange } from '../storage/view';
import type { CollectionDefinition, IndexDefinition } from './definitions';
import { databaseOf } from './definitions';

const COLLECTION_PREFIX = 'c:';
const NEXT_NUMBER = Buffer.from('n');
/** Ranges of dropped collections and indexes, still to be emptied. */
const DROPPED_PREFIX = 'd:';

/** Which collections and indexes there are. In memory, and in the `catalog` table from where it is read at start. */
export class Catalog {
  private collections = new Map<string, CollectionDefinition>();
  private readonly changedTraits = new Set<string>();

  constructor(private readonly env: Environment) {
    this.reload(new SnapshotView(env));
  }

  /** Reads everything again: at start, and when writes were taken back. */
  reload(view: View): void {
    const prefix = Buffer.from(COLLECTION_PREFIX);
    const rows = [...scanRange(view, 'catalog', prefix, afterPrefix(prefix))];
    const collections = rows.map(({ value }) => fromDocument(decode(value)));
    const before = this.collections;
    this.collections = new Map(collections.map((collection) => [collection.namespace, collection]));
    // Open transactions may have met arrays that the file does not know of yet.
    for (const collection of collections) this.keepTraits(collection, before.get(collection.namespace));
  }

  private keepTraits(collection: CollectionDefinition, before: CollectionDefinition | undefined): void {
    for (const index of collection.indexes) {
      const known = before?.indexes.find(({ number }) => number === index.number);
      if (known) this.noteTrait(collection, index, known.multikeyPaths, known.cutKeys);
    }
  }

  /** An index has met its first array on a path, or its first key too long to be kept whole. Memory first, file with the next commit. */
  noteTrait(
    collection: CollectionDefinition,
    index: IndexDefinition,
    paths: readonly string[],
    cut: boolean,
  ): void {
    const fresh = paths.filter((path) => !index.multikeyPaths.includes(path));
    if (fresh.length === 0 && (index.cutKeys || !cut)) return;
    index.multikeyPaths.push(...fresh);
    index.cutKeys ||= cut;
    this.changedTraits.add(collection.namespace);
  }

  saveTraits(writer: Writer): void {
    for (const namespace of this.changedTraits) {
      const collection = this.collections.get(namespace);
      if (collection) this.save(writer, collection);
    }
    this.changedTraits.clear();
  }

  get(namespace: string): CollectionDefinition | undefined {
    return this.collections.get(namespace);
  }

  all(): CollectionDefinition[] {
    return [...this.collections.values()].sort((a, b) => (a.namespace < b.namespace ? -1 : 1));
  }

  inDatabase(database: string): CollectionDefinition[] {
    return this.all().filter(({ namespace }) => databaseOf(namespace) === database);
  }

  /** The collection, made when it does not exist. */
  ensure(writer: Writer, namespace: string): CollectionDefinition {
    const existing = this.collections.get(namespace);
    if (existing) return existing;
    checkNamespace(namespace);
    const number = this.nextNumber(writer);
    return this.save(writer, { number, namespace, uuid: uuid(), indexes: [], version: number });
  }

  /** Stores a changed definition, in the file and in memory. */
  save(writer: Writer, collection: CollectionDefinition): CollectionDefinition {
    writer.put('catalog', collectionKey(collection.namespace), encode(toDocument(collection)));
    this.collections.set(collection.namespace, collection);
    return collection;
  }

  setIndexes(
    writer: Writer,
    collection: CollectionDefinition,
    indexes: readonly IndexDefinition[],
  ): CollectionDefinition {
    return this.save(writer, { ...collection, indexes, version: this.nextNumber(writer) });
  }

  /** Removes the collection at once; its keys are emptied later, see {@link dropped}. */
  drop(writer: Writer, collection: CollectionDefinition): void {
    writer.remove('catalog', collectionKey(collection.namespace));
    this.collections.delete(collection.namespace);
    this.markDropped(writer, 'documents', collection.number);
    for (const index of collection.indexes) this.markDropped(writer, 'indexes', index.number);
  }

  markDropped(writer: Writer, table: 'documents' | 'indexes', number: number): void {
    writer.put('catalog', Buffer.from(`${DROPPED_PREFIX}${table}:${number}`), Buffer.from([1]));
  }

  /** What was dropped and not yet emptied. */
  dropped(view: View): { table: 'documents' | 'indexes'; number: number; key: Buffer }[] {
    const prefix = Buffer.from(DROPPED_PREFIX);
    return [...scanRange(view, 'catalog', prefix, afterPrefix(prefix))].map(({ key }) => {
      const [, table, number] = key.toString().split(':');
      return { table: table === 'documents' ? 'documents' : 'indexes', number: Number(number), key };
    });
  }

  /** The last number given: what a snapshot taken now has seen of the catalog. */
  get lastNumber(): number {
    const stored = new SnapshotView(this.env).get('catalog', NEXT_NUMBER);
    return stored ? stored.readUInt32BE(0) - 1 : 0;
  }

  nextNumber(writer: Writer): number {
    const stored = writer.get('catalog', NEXT_NUMBER);
    const number = stored ? stored.readUInt32BE(0) : 1;
    const next = Buffer.allocUnsafe(4);
    next.writeUInt32BE(number + 1, 0);
    writer.put('catalog', NEXT_NUMBER, next);
    return number;
  }
}

function collectionKey(namespace: string): Buffer {
  return Buffer.from(COLLECTION_PREFIX + namespace);
}

/** Manual: "Naming Restrictions". */
function checkNamespace(namespace: string): void {
  const collection = namespace.slice(namespace.indexOf('.') + 1);
  const database = databaseOf(namespace);
  const wrong =
    collection === '' ||
    collection.startsWith('.') ||
    collection.includes('$') ||
    collection.includes('\0') ||
    database === '' ||
    /[/\\. "$*<>:|?\0]/.test(database) ||
    Buffer.byteLength(namespace) > 255;
  if (wrong) throw new ServerError(73, `Invalid namespace specified '${namespace}'`);
  if (collection.startsWith('system.')) throw new ServerError(73, `cannot write to ${namespace}`);
}

function uuid(): Uint8Array {
  const bytes = randomBytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}

function toDocument(collection: CollectionDefinition): Document {
  return {
    number: collection.number,
    namespace: collection.namespace,
    uuid: new Binary(collection.uuid, 4),
    version: collection.version,
    indexes: collection.indexes.map((index) => ({
      ...index,
      pattern: index.pattern.map(([path, direction]) => ({ path, direction })),
      expireAfterSeconds:
        index.expireAfterSeconds === undefined ? null : Long.fromNumber(index.expireAfterSeconds),
      partialFilter: index.partialFilter ?? null,
    })),
  };
}

function fromDocument(stored: Document): CollectionDefinition {
  const indexes = stored['indexes'] as Document[];
  return {
    number: Number(stored['number']),
    namespace: String(stored['namespace']),
    uuid: (stored['uuid'] as Binary).buffer,
    version: Number(stored['version']),
    indexes: indexes.map(indexFrom),
  };
}

function indexFrom(stored: Document): IndexDefinition {
  const pattern = stored['pattern'] as Document[];
  const partialFilter = stored['partialFilter'] as Document | null;
  const expires = stored['expireAfterSeconds'];
  return {
    number: Number(stored['number']),
    name: String(stored['name']),
    pattern: pattern.map(({ path, direction }) => [String(path), Number(direction) === -1 ? -1 : 1] as const),
    unique: stored['unique'] === true,
    sparse: stored['sparse'] === true,
    ...(partialFilter ? { partialFilter } : {}),
    ...(expires === null ? {} : { expireAfterSeconds: Number(expires) }),
    ready: stored['ready'] === true,
    readyAt: Number(stored['readyAt']),
    multikeyPaths: (stored['multikeyPaths'] as unknown[]).map(String),
    cutKeys: stored['cutKeys'] === true,
  };
}
