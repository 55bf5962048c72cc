import type { Engine } from '../engine';
import { ServerError } from '../errors';
import { duplicateIn } from '../storage/documents';
import { entriesIn, indexedFields } from '../storage/index-entries';
import { numberKey } from '../storage/keys';
import { decodeFields } from '../storage/partial';
import type { Writer } from '../storage/view';
import { afterPrefix, successor } from '../storage/view';
import type { CollectionDefinition, IndexDefinition } from './definitions';

/** Documents indexed in one operation of the queue. */
const STEP = 200;

/**
 * Adds indexes to a collection and fills them. From the moment they are in the catalog every write keeps them up to
 * date; meanwhile the existing documents are indexed step by step, each step an operation of the queue, so that nobody
 * waits for the whole. Queries use an index once it is ready.
 * @throws ServerError 11000 when a unique index meets a duplicate; then none of the new indexes stays
 */
export async function buildIndexes(
  engine: Engine,
  namespace: string,
  made: readonly IndexDefinition[],
): Promise<void> {
  try {
    for (let from: Buffer | undefined = Buffer.alloc(0); from;) {
      const at: Buffer = from;
      from = await engine.queue.submit((writer) => step(engine, writer, namespace, made, at));
    }
    await engine.queue.submit((writer) => markReady(engine, writer, namespace, made));
  } catch (error) {
    await engine.queue.submit((writer) => {
      const collection = engine.catalog.get(namespace);
      if (collection)
        removeIndexes(
          engine,
          writer,
          collection,
          made.map(({ name }) => name),
        );
    });
    void engine.sweeper.wake();
    throw error;
  }
}

/** Indexes some documents. @returns where to go on, undefined when all are done */
function step(
  engine: Engine,
  writer: Writer,
  namespace: string,
  made: readonly IndexDefinition[],
  from: Buffer,
): Buffer | undefined {
  const collection = engine.catalog.get(namespace);
  if (
    !collection ||
    made.some(({ number }) => !collection.indexes.some((index) => index.number === number))
  ) {
    throw new ServerError(276, `Index build on ${namespace} was aborted`);
  }
  const prefix = numberKey(collection.number);
  const low = from.length > 0 ? from : prefix;
  const { entries: rows } = writer.range('documents', { low, high: afterPrefix(prefix), limit: STEP });
  for (const { key, value } of rows) indexDocument(engine, writer, collection, made, key.subarray(4), value);
  const last = rows.at(-1);
  return last && successor(last.key);
}

function indexDocument(
  engine: Engine,
  writer: Writer,
  collection: CollectionDefinition,
  made: readonly IndexDefinition[],
  id: Buffer,
  bytes: Buffer,
): void {
  const document = decodeFields(bytes, indexedFields(made));
  for (const index of made) {
    for (const entry of entriesIn(collection, index, document, id, engine.noteTrait)) {
      if (index.unique) {
        writer.claim('indexes', entry.key);
        const holder = writer.get('indexes', entry.key);
        if (holder && !holder.equals(id)) throw duplicateIn(collection, index, document, entry.key);
      }
      writer.put('indexes', entry.key, entry.value);
    }
  }
}

function markReady(
  engine: Engine,
  writer: Writer,
  namespace: string,
  made: readonly IndexDefinition[],
): void {
  const collection = engine.catalog.get(namespace);
  if (!collection) throw new ServerError(276, `Index build on ${namespace} was aborted`);
  const numbers = new Set(made.map(({ number }) => number));
  const indexes = collection.indexes.map((index) =>
    numbers.has(index.number) ? { ...index, ready: true } : index,
  );
  engine.catalog.setIndexes(writer, collection, indexes);
}

/** Takes indexes out of the catalog; the sweeper empties them. */
export function removeIndexes(
  engine: Engine,
  writer: Writer,
  collection: CollectionDefinition,
  names: readonly string[],
): void {
  const gone = collection.indexes.filter(({ name }) => names.includes(name));
  if (gone.length === 0) return;
  for (const index of gone) engine.catalog.markDropped(writer, 'indexes', index.number);
  engine.catalog.setIndexes(
    writer,
    collection,
    collection.indexes.filter((index) => !gone.includes(index)),
  );
}
