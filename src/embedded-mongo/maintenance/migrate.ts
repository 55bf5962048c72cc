import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { MongoClient } from 'mongodb';
import type { Collection, Db, FindCursor, IndexDescription } from 'mongodb';
import { compareBson } from '../semantics';
import { decode } from '../storage/codec';
import { rawElement } from '../wire/raw';

/** How far a migration is; `total` is the number of documents of the collection when it began. */
export interface MigrationProgress {
  collection: string;
  done: number;
  total: number;
}

/** One collection, copied and verified. */
export interface MigratedCollection {
  name: string;
  documents: number;
  /** SHA-256 over the BSON of all documents in the order of _id, the same at both ends. */
  sha256: string;
}

/** Documents fetched and written at once. */
const BATCH = 500;
/** Times a collection is compared until nothing differs, for a source that others still write to. */
const MOST_PASSES = 5;

/**
 * Copies every collection with its indexes from one MongoDB database to another, each named by its URI, and verifies
 * it: both ends are read in the order of _id side by side, what is missing or differs is written, and the collection is
 * done when a pass found no difference. Run again after an interruption it therefore goes on where it was.
 * @throws Error with one clear line when the target holds documents that the source does not have
 */
export async function migrate(
  fromUri: string,
  toUri: string,
  onProgress: (progress: MigrationProgress) => void = () => undefined,
): Promise<{ collections: MigratedCollection[]; documents: number }> {
  const [from, to] = await Promise.all([MongoClient.connect(fromUri), MongoClient.connect(toUri)]);
  try {
    const names = (await from.db().listCollections({}, { nameOnly: true }).toArray())
      .map(({ name }) => name)
      .sort();
    const collections: MigratedCollection[] = [];
    for (const name of names) collections.push(await migrateCollection(from.db(), to.db(), name, onProgress));
    return { collections, documents: collections.reduce((sum, { documents }) => sum + documents, 0) };
  } finally {
    await Promise.all([from.close(), to.close()]);
  }
}

async function migrateCollection(
  from: Db,
  to: Db,
  name: string,
  onProgress: (progress: MigrationProgress) => void,
): Promise<MigratedCollection> {
  const source = from.collection(name);
  const target = to.collection(name);
  const indexes = (await source.indexes()).filter(
    ({ name: index }) => index !== '_id_',
  ) as IndexDescription[];
  const expires = indexes.some(({ expireAfterSeconds }) => expireAfterSeconds !== undefined);
  const total = await source.estimatedDocumentCount();
  if (!(await to.listCollections({ name }).hasNext())) await to.createCollection(name);
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const result = await reconcile(source, target, expires, (done) =>
      onProgress({ collection: name, done, total }),
    );
    if (result.changed > 0) continue;
    if (indexes.length > 0) await target.createIndexes(indexes.map(indexDescription));
    return { name, documents: result.documents, sha256: result.sha256 };
  }
  throw new Error(
    `Collection ${name} keeps changing while it is copied: stop what writes to it and run the migration again`,
  );
}

function indexDescription({
  key,
  name,
  unique,
  sparse,
  partialFilterExpression,
  expireAfterSeconds,
}: IndexDescription): IndexDescription {
  return {
    key,
    ...(name === undefined ? {} : { name }),
    ...(unique ? { unique } : {}),
    ...(sparse ? { sparse } : {}),
    ...(partialFilterExpression ? { partialFilterExpression } : {}),
    ...(expireAfterSeconds === undefined ? {} : { expireAfterSeconds }),
  };
}

interface Pass {
  changed: number;
  documents: number;
  sha256: string;
}

/** One pass over both ends. What only the target has is removed where documents expire, and otherwise refused. */
async function reconcile(
  source: Collection,
  target: Collection,
  expires: boolean,
  onDone: (done: number) => void,
): Promise<Pass> {
  const left = new RawReader(source);
  const right = new RawReader(target);
  const hash: Hash = createHash('sha256');
  const writes = new PendingWrites(target);
  let documents = 0;
  try {
    for (let a = await left.next(), b = await right.next(); a || b;) {
      const order = !a ? 1 : !b ? -1 : compareBson(a.id, b.id);
      if (order > 0 && b) {
        if (!expires)
          throw new Error(
            `The target's collection ${target.collectionName} holds documents that the source does not have`,
          );
        await writes.remove(b.id);
      } else if (a) {
        hash.update(a.bytes);
        documents++;
        if (order < 0 || (b && !a.bytes.equals(b.bytes))) await writes.replace(a);
        if (documents % BATCH === 0) onDone(documents);
      }
      [a, b] = [order <= 0 ? await left.next() : a, order >= 0 ? await right.next() : b];
    }
    await writes.flush();
    onDone(documents);
    return { changed: writes.count, documents, sha256: hash.digest('hex') };
  } finally {
    await Promise.all([left.close(), right.close()]);
  }
}

interface RawDocument {
  id: unknown;
  bytes: Buffer;
}

/** A collection's documents as BSON, in the order of _id. */
class RawReader {
  private readonly cursor: FindCursor;

  constructor(collection: Collection) {
    this.cursor = collection.find(
      {},
      { sort: { _id: 1 }, batchSize: BATCH, raw: true, noCursorTimeout: true },
    );
  }

  async next(): Promise<RawDocument | undefined> {
    const raw = (await this.cursor.next()) as Uint8Array | null;
    if (!raw) return undefined;
    const bytes = Buffer.from(raw);
    return { id: idOf(bytes), bytes };
  }

  close(): Promise<void> {
    return this.cursor.close();
  }
}

/** The _id alone, decoded. */
function idOf(bytes: Buffer): unknown {
  const element = rawElement(bytes, '_id');
  if (!element) return undefined;
  const value = bytes.subarray(element.offset, element.end);
  const size = Buffer.alloc(4);
  size.writeInt32LE(value.length + 5);
  return decode(Buffer.concat([size, value, Buffer.from([0])]))['_id'];
}

/** Writes that wait to be sent together. */
class PendingWrites {
  count = 0;
  private readonly waiting: Parameters<Collection['bulkWrite']>[0][number][] = [];

  constructor(private readonly target: Collection) {}

  replace({ id, bytes }: RawDocument): Promise<void> {
    return this.add({
      replaceOne: { filter: { _id: id as never }, replacement: decode(bytes), upsert: true },
    });
  }

  remove(id: unknown): Promise<void> {
    return this.add({ deleteOne: { filter: { _id: id as never } } });
  }

  async flush(): Promise<void> {
    if (this.waiting.length > 0) await this.target.bulkWrite(this.waiting.splice(0), { ordered: false });
  }

  private async add(write: Parameters<Collection['bulkWrite']>[0][number]): Promise<void> {
    this.count++;
    this.waiting.push(write);
    if (this.waiting.length >= BATCH) await this.flush();
  }
}
