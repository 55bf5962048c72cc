import { ObjectId } from 'bson';
import type { Engine } from '../engine';
import { ServerError } from '../errors';
import { drain } from '../planner/pace';
import { Found, prepare, run } from '../planner/search';
import type { Query } from '../planner/plan';
import { compileFilter, compileUpdate, parseFilter, upsertDocument } from '../semantics';
import type { Document, MatchDetails, Matcher, Update } from '../semantics';
import { encode } from '../storage/codec';
import { decodeFields, fieldsOfFilter, replaceFields } from '../storage/partial';
import type { Writer } from '../storage/view';
import type { Command } from './command';
import { viewOf } from './command';
import { paceOf } from './find';
import { collectionForWrite, inWriter } from './writes';

/** A change to one document: which, how, and what when there is none. */
export interface Change {
  query: Query;
  matches: Matcher;
  /** The top-level fields that `matches` looks at; undefined for all. */
  looksAt: ReadonlySet<string> | undefined;
  /** undefined: remove. */
  update: Update | undefined;
  upsert: boolean;
}

/** Makes a change ready to run. @throws CommandError for a malformed filter or update */
export function readChange(query: Query, update: unknown, arrayFilters: unknown, upsert: boolean): Change {
  if (arrayFilters !== undefined && !Array.isArray(arrayFilters)) {
    throw new ServerError(14, "BSON field 'arrayFilters' is the wrong type, expected type 'array'");
  }
  const filter = parseFilter(query.filter);
  return {
    query,
    matches: compileFilter(filter),
    looksAt: fieldsOfFilter(filter),
    update: update === undefined ? undefined : compileUpdate(update, arrayFilters ? { arrayFilters } : {}),
    upsert,
  };
}

/** What a change did, and the document before and after it, as BSON. */
export interface Changed {
  before?: Buffer;
  after?: Buffer;
  modified: boolean;
  /** The _id of the document that an upsert made. */
  upserted?: unknown;
}

/** The search would take too long for one operation of the queue: see {@link changeSlowly}. */
export const SLOW: unique symbol = Symbol('slow');
/** Pauses of a search, each after some dozens of documents, that one operation of the queue may skip. */
const SKIPPED_PAUSES = 4;

/** Where a change takes place. */
export interface Place {
  command: Command;
  engine: Engine;
  namespace: string;
}

/** Finds the first document of the query and changes it, all within one operation of the queue. */
export function changeOne(place: Place, writer: Writer, change: Change): Changed | undefined | typeof SLOW {
  const { command, engine, namespace } = place;
  const collection = change.upsert
    ? collectionForWrite(command, engine, writer, namespace)
    : engine.catalog.get(namespace);
  let pauses = 0;
  for (const found of run(writer, prepare(writer, collection, { ...change.query, limit: 1 }))) {
    if (typeof found !== 'symbol') return changeFound(place, writer, change, found);
    if (++pauses > SKIPPED_PAUSES) return SLOW;
  }
  return change.upsert && change.update ? insertFor(place, writer, change, change.update) : undefined;
}

/**
 * The same for a search that may look at many documents: it runs outside of the queue and pauses; what it found is
 * looked at again in the queue, and sought anew when it has changed meanwhile. `write` does the change and records it.
 */
export async function changeSlowly<T>(
  place: Place,
  change: Change,
  write: (writer: Writer, changed: () => Changed | undefined) => T,
): Promise<T> {
  const { command, engine, namespace } = place;
  for (;;) {
    const view = viewOf(command, engine);
    const prepared = prepare(view, engine.catalog.get(namespace), { ...change.query, limit: 1 });
    let key: Buffer | undefined;
    try {
      await drain(run(view, prepared), paceOf(command, view), (found) => (key = found.key) !== undefined);
    } finally {
      view.release();
    }
    const done = await inWriter(command, engine, namespace, (writer) => attempt(writer, key));
    if (done) return done.result;
  }

  function attempt(writer: Writer, key: Buffer | undefined): { result: T } | undefined {
    if (!key) {
      const { update } = change;
      return {
        result: write(writer, () =>
          change.upsert && update ? insertFor(place, writer, change, update) : undefined,
        ),
      };
    }
    const found = foundAt(writer, change, key);
    return found && { result: write(writer, () => changeFound(place, writer, change, found)) };
  }
}

/** The document at a key, when it is there and still matches. */
export function foundAt(writer: Writer, change: Change, key: Buffer): Found | undefined {
  const bytes = writer.get('documents', key);
  const found = bytes && new Found(key, bytes);
  return found && change.matches(found.only(change.looksAt)) ? found : undefined;
}

/** Updates or removes a document that the query found. */
export function changeFound(
  { command, engine, namespace }: Place,
  writer: Writer,
  change: Change,
  found: Found,
): Changed {
  const collection = collectionForWrite(command, engine, writer, namespace);
  if (change.update === undefined) {
    engine.documents.remove(writer, collection, found);
    return { before: found.bytes, modified: true };
  }
  const after = updated(change, change.update, found);
  const modified = engine.documents.update(writer, collection, found, after);
  return { before: found.bytes, after, modified };
}

/** The document after an update. Only what the update looks at is decoded. */
function updated(change: Change, update: Update, found: Found): Buffer {
  const details: MatchDetails = { position: undefined };
  if (update.needsPosition) change.matches(found.document, details);
  if (update.fields) {
    const before = decodeFields(found.bytes, update.fields);
    const after = update.apply(before, details);
    if (after === before) return found.bytes;
    const bytes = replaceFields(found.bytes, before, after);
    if (bytes) return bytes;
  }
  return encode(update.apply(found.document, details));
}

function insertFor(
  { command, engine, namespace }: Place,
  writer: Writer,
  change: Change,
  update: Update,
): Changed {
  const collection = collectionForWrite(command, engine, writer, namespace);
  const document = withId(upsertDocument(parseFilter(change.query.filter), update));
  const bytes = encode(document);
  engine.documents.insert(writer, collection, engine.documents.place(collection, bytes));
  return { after: bytes, modified: false, upserted: document['_id'] };
}

function withId(document: Document): Document {
  const { _id: id = new ObjectId(), ...rest } = document;
  if (Array.isArray(id)) throw new ServerError(53 as never, "The '_id' value cannot be of type array");
  return { _id: id, ...rest };
}
