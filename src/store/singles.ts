/**
 * Documents that many callers ask for one by one: under load, reads by id and inserts share a round trip with others of
 * their collection. Nothing waits for company, and nothing of a transaction is gathered.
 */
import { mongo } from 'mongoose';
import { cloneResource } from '../fhir';
import type { VersionFields } from './documents';
import { DUPLICATE_KEY, isDuplicateKey } from './failures';
import { gathered } from './gather';

/** Versions, present or superseded. */
type Version = VersionFields & { _id: string };
type Collection = mongo.Collection<Version>;
type Projection = Record<string, 0 | 1>;

export interface Singles {
  /** One document by its id, as the projection leaves it; each caller's resource is its own. */
  find<T extends Version>(
    collection: mongo.Collection<T>,
    id: string,
    projection: Projection,
  ): Promise<T | undefined>;
  /** @returns false when the id is taken. */
  insert<T extends Version>(collection: mongo.Collection<T>, document: T): Promise<boolean>;
}

/** Small enough that a large document holds up few others. */
const LIMITS = { together: 64, atOnce: 4 };

export function createSingles(): Singles {
  const finds = new Map<string, (id: string) => Promise<Version | undefined>>();
  const inserts = new Map<string, (document: Version) => Promise<boolean | Error>>();
  return {
    find: async <T extends Version>(of: mongo.Collection<T>, id: string, projection: Projection) => {
      const collection = of as unknown as Collection;
      const key = `${of.collectionName} ${Object.entries(projection).join()}`;
      const find = held(finds, key, () => gathered((ids) => findAll(collection, ids, projection), LIMITS));
      return (await find(id)) as T | undefined;
    },
    insert: async (of, document) => {
      const collection = of as unknown as Collection;
      const insert = held(inserts, of.collectionName, () =>
        gathered((documents) => insertAll(collection, documents), LIMITS),
      );
      const outcome = await insert(document);
      if (outcome instanceof Error) throw outcome;
      return outcome;
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
  collection: Collection,
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

/**
 * What becomes of each. Where the driver refuses one before anything is sent (it is too large), this fails, and
 * `gathered` tries each alone.
 */
async function insertAll(
  collection: Collection,
  documents: readonly Version[],
): Promise<(boolean | Error)[]> {
  const [first] = documents;
  try {
    if (documents.length === 1 && first !== undefined) await collection.insertOne(first);
    else await collection.insertMany(documents, { ordered: false });
    return documents.map(() => true);
  } catch (error) {
    if (error instanceof mongo.MongoBulkWriteError) return outcomes(documents, error);
    if (isDuplicateKey(error)) return documents.map(() => false);
    throw error;
  }
}

/** Where the database refused some, the others are there; a failure of the whole is everybody's. */
function outcomes(documents: readonly Version[], error: mongo.MongoBulkWriteError): (boolean | Error)[] {
  const refused = new Map([error.writeErrors].flat().map((one) => [one.index, one]));
  const isWhole = refused.size === 0 || error.result.getWriteConcernError() !== undefined;
  return documents.map((_, i) => {
    const one = refused.get(i);
    if (isWhole) return error;
    if (one === undefined) return true;
    if (one.code === DUPLICATE_KEY) return false;
    return new mongo.MongoServerError({ message: one.errmsg ?? '', code: one.code });
  });
}
