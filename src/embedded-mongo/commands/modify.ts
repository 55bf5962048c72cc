import { ObjectId } from 'bson';
import type { Engine } from '../engine';
import { ServerError } from '../errors';
import { prepare, run } from '../planner/search';
import type { Found, Query } from '../planner/search';
import { compileFilter, compileUpdate, parseFilter, upsertDocument } from '../semantics';
import type { Document, MatchDetails, Matcher, Update } from '../semantics';
import { encode } from '../storage/codec';
import type { Writer } from '../storage/view';
import type { Command } from './command';
import { collectionForWrite } from './writes';

/** A change to one document: which, how, and what when there is none. */
export interface Change {
  query: Query;
  matches: Matcher;
  /** undefined: remove. */
  update: Update | undefined;
  upsert: boolean;
}

/** Makes a change ready to run. @throws CommandError for a malformed filter or update */
export function readChange(query: Query, update: unknown, arrayFilters: unknown, upsert: boolean): Change {
  if (arrayFilters !== undefined && !Array.isArray(arrayFilters)) {
    throw new ServerError(14, "BSON field 'arrayFilters' is the wrong type, expected type 'array'");
  }
  return {
    query,
    matches: compileFilter(parseFilter(query.filter)),
    update: update === undefined ? undefined : compileUpdate(update, arrayFilters ? { arrayFilters } : {}),
    upsert,
  };
}

/** What a change did. */
export interface Changed {
  before?: Document;
  after?: Document;
  modified: boolean;
  /** The _id of the document that an upsert made. */
  upserted?: unknown;
}

/** Finds the first document of the query and changes it, all within one operation of the queue. */
export function changeOne(
  command: Command,
  engine: Engine,
  writer: Writer,
  namespace: string,
  change: Change,
): Changed | undefined {
  const collection = change.upsert
    ? collectionForWrite(command, engine, writer, namespace)
    : engine.catalog.get(namespace);
  for (const found of run(writer, prepare(writer, collection, { ...change.query, limit: 1 }))) {
    if (typeof found !== 'symbol') return changeFound(command, engine, writer, namespace, change, found);
  }
  return change.upsert && change.update
    ? insertFor(command, engine, writer, namespace, change, change.update)
    : undefined;
}

/** Updates or removes a document that the query found. */
export function changeFound(
  command: Command,
  engine: Engine,
  writer: Writer,
  namespace: string,
  change: Change,
  found: Found,
): Changed {
  const collection = collectionForWrite(command, engine, writer, namespace);
  if (change.update === undefined) {
    engine.documents.remove(writer, collection, found);
    return { before: found.document, modified: true };
  }
  const { update } = change;
  const details: MatchDetails = { position: undefined };
  if (update.needsPosition) change.matches(found.document, details);
  const after = update.apply(found.document, details);
  const bytes = engine.documents.update(writer, collection, found, found.document, after);
  return { before: found.document, after, modified: bytes !== found.bytes };
}

function insertFor(
  command: Command,
  engine: Engine,
  writer: Writer,
  namespace: string,
  change: Change,
  update: Update,
): Changed {
  const collection = collectionForWrite(command, engine, writer, namespace);
  const document = withId(upsertDocument(parseFilter(change.query.filter), update));
  engine.documents.insert(writer, collection, document, encode(document));
  return { after: document, modified: false, upserted: document['_id'] };
}

function withId(document: Document): Document {
  const { _id: id = new ObjectId(), ...rest } = document;
  if (Array.isArray(id)) throw new ServerError(53 as never, "The '_id' value cannot be of type array");
  return { _id: id, ...rest };
}
