/** The connection to MongoDB: how it is opened, and the collections behind it. */
import { isResourceType } from '../fhir';
import type { ResourceType } from '@medplum/fhirtypes';
import type { mongo } from 'mongoose';
import { createConnection, type Connection } from 'mongoose';
import type { HistoryDocument, RecordDocument } from './documents';
import { historyModel, OUTBOX, recordModel } from './models';
import type { OutboxDocument } from './outbox/document';
import { createLocalOutbox, type LocalOutbox } from './outbox/local';
import { createSingles, type Singles } from './singles';

/** Why the store could not be opened, in one line for the operator; never carries the credentials of the URI. */
export class StoreUnreachable extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'StoreUnreachable';
  }
}

export interface StoreConnection {
  readonly mongoose: Connection;
  readonly client: mongo.MongoClient;
  readonly db: mongo.Db;
  /** A collection of a service's own (identity, notify, audit): names in lower case, so that no resource type meets them. */
  collection<T extends mongo.BSON.Document>(name: string): mongo.Collection<T>;
  /** Present versions of a type. The native collection of the type's mongoose model. */
  records(type: ResourceType): mongo.Collection<RecordDocument>;
  readonly history: mongo.Collection<HistoryDocument>;
  readonly outbox: mongo.Collection<OutboxDocument>;
  /** Documents one by one, outside of transactions. */
  readonly singles: Singles;
  /** Makes sure that the type's collection and indexes are there: once a process, before its first write. */
  prepare(type: ResourceType): Promise<void>;
  /** Types that have a collection; other processes' new ones are seen within some seconds. */
  typesInUse(): Promise<ResourceType[]>;
  /** What this process committed and has not yet relayed. */
  readonly local: LocalOutbox;
  /** Resolves when the primary answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** `mongodb://` or `mongodb+srv://` URI of a replica set, a sharded cluster or the embedded server. */
  uri: string;
  /** How long to look for a primary at start, in milliseconds. */
  startTimeoutMs?: number;
  /** Connections that this process may hold open. */
  poolSize?: number;
}

/** Locks that nobody took for so long are forgotten, in seconds: 30 days. */
const LOCKS_KEPT_S = 30 * 86_400;

/** How long the list of collections is believed, in milliseconds. */
const TYPES_KEPT_MS = 3_000;

/**
 * Opens the store. The database is the URI's (default `crosswalk`).
 * @throws StoreUnreachable with one line for the operator.
 */
export async function connectStore(options: ConnectOptions): Promise<StoreConnection> {
  const mongoose = await open(options);
  const client = mongoose.getClient();
  const db = mongoose.db;
  if (db === undefined) throw new StoreUnreachable('The database connection is not open.', undefined);
  const types = typeList(db);
  const prepare = preparer(mongoose, types.forget);
  const collections = new Map<ResourceType, mongo.Collection<RecordDocument>>();
  const records = (type: ResourceType): mongo.Collection<RecordDocument> => {
    const held = collections.get(type) ?? db.collection<RecordDocument>(type);
    collections.set(type, held);
    return held;
  };
  await prepareShared(mongoose);
  void prepareKnown(types.read, prepare);
  return {
    mongoose,
    client,
    db,
    collection: (name) => db.collection(name),
    records,
    history: db.collection<HistoryDocument>('history'),
    outbox: db.collection<OutboxDocument>(OUTBOX),
    singles: createSingles(),
    prepare,
    typesInUse: types.read,
    local: createLocalOutbox(),
    ping: async () => {
      await db.command({ ping: 1 });
    },
    close: () => mongoose.close(),
  };
}

/** The types that have a collection, asked for again after a while or when one was made. */
function typeList(db: mongo.Db): { read: () => Promise<ResourceType[]>; forget: () => void } {
  let known: { at: number; types: Promise<ResourceType[]> } | undefined;
  const forget = (): void => {
    known = undefined;
  };
  const read = (): Promise<ResourceType[]> => {
    if (known === undefined || Date.now() - known.at > TYPES_KEPT_MS) {
      known = { at: Date.now(), types: listTypes(db) };
      known.types.catch(forget);
    }
    return known.types;
  };
  return { read, forget };
}

/** Prepares each type once; after a failure again. */
function preparer(mongoose: Connection, onMade: () => void): (type: ResourceType) => Promise<void> {
  const prepared = new Map<ResourceType, Promise<void>>();
  return (type) => {
    const running = prepared.get(type);
    if (running !== undefined) return running;
    const work = prepareCollection(mongoose, type).then(onMade);
    prepared.set(type, work);
    work.catch(() => prepared.delete(type));
    return work;
  };
}

async function open({ uri, startTimeoutMs = 5_000, poolSize = 50 }: ConnectOptions): Promise<Connection> {
  let connection: Connection | undefined;
  try {
    connection = createConnection(uri, {
      // The name in the URI wins over this default of the driver's own.
      ...(databaseNamed(uri) ? {} : { dbName: 'crosswalk' }),
      serverSelectionTimeoutMS: startTimeoutMs,
      maxPoolSize: poolSize,
      writeConcern: { w: 'majority', journal: true },
      readConcern: { level: 'majority' },
      ignoreUndefined: true,
      retryWrites: true,
      autoIndex: false,
      autoCreate: false,
      bufferCommands: false,
    });
    return await connection.asPromise();
  } catch (error) {
    await connection?.close().catch(() => undefined);
    throw new StoreUnreachable(reasonFor(error), error);
  }
}

function databaseNamed(uri: string): boolean {
  return /^mongodb(?:\+srv)?:\/\/[^/]+\/[^?]/.test(uri);
}

/** One line that says what to look at. The URI itself is never repeated: it may hold a password. */
function reasonFor(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  const text = error instanceof Error ? oneLine(error.message) : 'unknown reason';
  // By name: the URI's parser is a package of its own with an error class of its own.
  if (/Parse|InvalidArgument|APIError/.test(name)) return `MONGODB_URI is malformed: ${text}`;
  if (/Authentication failed|requires authentication/i.test(text)) {
    return 'MongoDB refused the credentials in MONGODB_URI.';
  }
  if (/ServerSelection|Network/.test(name)) return `No MongoDB primary answers at MONGODB_URI: ${text}`;
  return `MongoDB cannot be opened: ${text}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/\/\/[^@\s]+@/g, '//***@');
}

async function prepareShared(mongoose: Connection): Promise<void> {
  try {
    await ensure(historyModel(mongoose));
    await mongoose.db?.collection(OUTBOX).createIndex({ due: 1 });
    await mongoose.db?.collection('locks').createIndex({ at: 1 }, { expireAfterSeconds: LOCKS_KEPT_S });
  } catch (error) {
    await mongoose.close();
    throw new StoreUnreachable(reasonFor(error), error);
  }
}

/**
 * Indexes that a new release declares are made for collections that are there already, one by one and behind the
 * start's back. What fails here (the store is closed, the database goes away) is tried again by the first write.
 */
async function prepareKnown(
  typesInUse: () => Promise<ResourceType[]>,
  prepare: (type: ResourceType) => Promise<void>,
): Promise<void> {
  try {
    for (const type of await typesInUse()) await prepare(type);
  } catch {
    // See above.
  }
}

function prepareCollection(mongoose: Connection, type: ResourceType): Promise<void> {
  return ensure(recordModel(mongoose, type));
}

/** Creates the collection outside of any transaction, then its indexes; both are no-ops when they exist. */
async function ensure(
  model: ReturnType<typeof recordModel> | ReturnType<typeof historyModel>,
): Promise<void> {
  await model.createCollection();
  await model.createIndexes();
}

async function listTypes(db: mongo.Db): Promise<ResourceType[]> {
  const infos = await db.listCollections({}, { nameOnly: true }).toArray();
  return infos.map((info) => info.name).filter((name): name is ResourceType => isResourceType(name));
}
