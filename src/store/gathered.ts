/**
 * What many callers ask for one by one within a turn of the event loop, asked together: under load, reads by id and
 * inserts share a round trip with others of their collection. Nothing waits for company, and nothing of a transaction
 * is gathered.
 */
import DataLoader from 'dataloader';
import { mongo } from 'mongoose';
import { cloneResource } from '../fhir';
import type { VersionFields } from './documents';
import { DUPLICATE_KEY, isDuplicateKey } from './failures';

/** What is gathered: versions, present or superseded. */
type Version = VersionFields & { _id: string };
type Projection = Record<string, 0 | 1>;

export interface Gathered {
  /** One document by its id, as the projection leaves it; each caller's resource is its own. */
  find<T extends Version>(
    collection: mongo.Collection<T>,
    id: string,
    projection: Projection,
  ): Promise<T | undefined>;
  /** @returns false when the id is taken. */
  insert<T extends Version>(collection: mongo.Collection<T>, document: T): Promise<boolean>;
}

/** Asked at the end of the turn, when every request that came with it has had its say; nothing is remembered. */
const EACH_TURN = {
  cache: false,
  maxBatchSize: 64,
  batchScheduleFn: (ask: () => void): void => void setImmediate(ask),
};

export function createGathered(): Gathered {
  const finds = new Map<string, DataLoader<string, Version | undefined>>();
  const inserts = new Map<string, DataLoader<Version, boolean>>();
  return {
    find: async <T extends Version>(of: mongo.Collection<T>, id: string, projection: Projection) => {
      const collection = of as unknown as mongo.Collection<Version>;
      const make = () =>
        new DataLoader((ids: readonly string[]) => findAll(collection, ids, projection), EACH_TURN);
      const found = await held(finds, `${of.collectionName} ${Object.keys(projection).join()}`, make).load(
        id,
      );
      return found as T | undefined;
    },
    insert: (of, document) => {
      const collection = of as unknown as mongo.Collection<Version>;
      const make = () =>
        new DataLoader((documents: readonly Version[]) => insertAll(collection, documents), EACH_TURN);
      return held(inserts, of.collectionName, make).load(document);
    },
  };
}

function held<T>(all: Map<string, T>, key: string, make: () => T): T {
  const known = all.get(key);
  if (known !== undefined) return known;
  const made = make();
  all.set(key, made);
  return made;
}

async function findAll(
  collection: mongo.Collection<Version>,
  ids: readonly string[],
  projection: Projection,
): Promise<(Version | undefined)[]> {
  const wanted = [...new Set(ids)];
  const filter = wanted.length === 1 ? { _id: wanted[0] ?? '' } : { _id: { $in: wanted } };
  const documents = await collection.find(filter, { projection, batchSize: wanted.length }).toArray();
  const byId = new Map(documents.map((document) => [document._id, document]));
  const given = new Set<string>();
  return ids.map((id) => {
    const document = byId.get(id);
    if (document === undefined || !given.has(id)) {
      given.add(id);
      return document;
    }
    return cloneDocument(document);
  });
}

/** For the second who asks for one document at once: what one makes of its resource is no business of the other. */
function cloneDocument(document: Version): Version {
  return { ...document, resource: cloneResource(document.resource) };
}

async function insertAll(
  collection: mongo.Collection<Version>,
  documents: readonly Version[],
): Promise<(boolean | Error)[]> {
  if (documents.length === 1) return Promise.all(documents.map((one) => insertOne(collection, one)));
  try {
    await collection.insertMany(documents, { ordered: false });
    return documents.map(() => true);
  } catch (error) {
    // The driver refuses what is too large before it sends anything: the others are not to suffer for it.
    if (error instanceof mongo.MongoInvalidArgumentError || error instanceof RangeError)
      return Promise.all(documents.map((one) => insertOne(collection, one).catch(asError)));
    if (error instanceof mongo.MongoBulkWriteError) return outcomes(documents, error);
    throw error;
  }
}

async function insertOne(collection: mongo.Collection<Version>, document: Version): Promise<boolean> {
  try {
    await collection.insertOne(document);
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

/** What became of each, where the database refused some; a failure of the whole is everybody's. */
function outcomes(documents: readonly Version[], error: mongo.MongoBulkWriteError): (boolean | Error)[] {
  const refused = new Map([error.writeErrors].flat().map((one) => [one.index, one]));
  if (refused.size === 0 || error.result.getWriteConcernError() !== undefined) throw error;
  return documents.map((_, i) => {
    const one = refused.get(i);
    if (one === undefined) return true;
    if (one.code === DUPLICATE_KEY) return false;
    return new mongo.MongoServerError({ message: one.errmsg ?? '', code: one.code });
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('Unknown failure.', { cause: error });
}
