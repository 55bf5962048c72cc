import type { Connection, IndexDefinition, IndexOptions, Model, mongo, SchemaDefinition } from 'mongoose';
import { Schema } from 'mongoose';
import type { Plan, Role } from './principal';

/** Plain records of identity, each in a collection of its own. None of them is FHIR; secrets are hashed or sealed. */

export interface PracticeRecord {
  /** Id of the Organization that the practice is. */
  _id: string;
  name: string;
  /** Name with case and spacing folded; unique. */
  folded: string;
  createdAt: Date;
}

export interface KeyRecord {
  _id: string;
  /** SHA-256 of the key. */
  hash: string;
  practice: string;
  practiceName: string;
  scopes: string[];
  plan: Plan;
  createdAt: Date;
  expiresAt?: Date;
  revokedAt?: Date;
  lastUsedAt?: Date;
  /** Key that took over by rotation; this one is good until `expiresAt`. */
  replacedBy?: string;
}

export interface UserRecord {
  _id: string;
  email: string;
  /** E-mail with case folded; unique. */
  folded: string;
  name: string;
  role: Role;
  practice?: string;
  practiceName?: string;
  practitioner?: string;
  /** scrypt, see passwords.ts. */
  password: string;
  /** Sealed base32 seed of the second factor. */
  totp?: string;
  /** Sealed seed that is in force once a code of it has come. */
  totpOffered?: string;
  /** Time steps whose code was used; the latest few. */
  totpUsed: number[];
  /** Digests of the addresses of the latest logins. */
  knownAddresses: string[];
  createdAt: Date;
  lastSignInAt?: Date;
  disabledAt?: Date;
}

/** One login and every token that came of it. */
export interface SessionRecord {
  _id: string;
  user: string;
  email: string;
  name: string;
  role: Role;
  practice?: string;
  practiceName?: string;
  practitioner?: string;
  /** Number of the newest refresh token that was used, 1 from the start; its successor may be out, unused. */
  generation: number;
  createdAt: Date;
  expiresAt: Date;
  endedAt?: Date;
  /** Of dashboard sessions: when it ends unless it is used before. */
  idleUntil?: Date;
}

/** Requests with one key in one hour. */
export interface KeyUseRecord {
  /** Key and hour. */
  _id: string;
  key: string;
  /** Beginning of the hour. */
  hour: Date;
  /** Requests that were let through. */
  requests: number;
  /** Requests that the plan's limit refused. */
  refused: number;
  /** Requests let through by minute of the hour. */
  minutes: Record<string, number>;
  expireAt: Date;
}

export interface ClientRecord {
  _id: string;
  name: string;
  /** SHA-256 of the client secret; absent for clients that sign assertions. */
  secretHash?: string;
  /** SMART scopes that may be granted. */
  scopes: string[];
  practice?: string;
  practiceName?: string;
  jwks?: { keys: object[] };
  jwksUrl?: string;
  createdAt: Date;
  disabledAt?: Date;
}

export interface SigningKeyRecord {
  /** `kid`. */
  _id: string;
  publicJwk: object;
  /** Sealed PKCS #8 PEM. */
  privateKey: string;
  createdAt: Date;
  /** From then on nothing it signed can be alive. */
  expireAt: Date;
}

export interface RateRecord {
  /** Who is counted. */
  _id: string;
  /** By name of the window. */
  windows: Record<string, { used: number; until: Date }>;
  expireAt: Date;
}

export interface AttemptsRecord {
  _id: string;
  attempts: { id: string; at: Date; failed: boolean }[];
  blockedUntil?: Date;
  /** Counts the writes; every change is conditional on it. */
  revision: number;
  expireAt: Date;
}

export interface AssertionRecord {
  _id: string;
  expireAt: Date;
}

export interface IdempotencyRecord {
  _id: string;
  bodyHash: string;
  /** UUID that every run of the work gets, the one after a crash too. */
  claim: string;
  leaseUntil: Date;
  answer?: object;
  expireAt: Date;
}

export interface MasterRecord {
  _id: string;
  fingerprint: string;
}

/** The mongoose models of identity on one connection. */
export interface Records {
  practices: Model<PracticeRecord>;
  keys: Model<KeyRecord>;
  keyUse: Model<KeyUseRecord>;
  users: Model<UserRecord>;
  sessions: Model<SessionRecord>;
  clients: Model<ClientRecord>;
  signingKeys: Model<SigningKeyRecord>;
  rates: Model<RateRecord>;
  attempts: Model<AttemptsRecord>;
  assertions: Model<AssertionRecord>;
  idempotency: Model<IdempotencyRecord>;
  masters: Model<MasterRecord>;
}

/** The primary's own latest state: a revocation counts, and a lost race is understood, before a majority has it. */
const LATEST = { level: 'local' } as const;

type Index = [IndexDefinition, IndexOptions?];
const TTL: Index = [{ expireAt: 1 }, { expireAfterSeconds: 0 }];
const text = { type: String, required: true };
const date = { type: Date, required: true };
const practiceFields = { practice: String, practiceName: String };

/** Declares the models on the connection and makes their collections and indexes. */
export async function openRecords(connection: Connection): Promise<Records> {
  const records: Records = {
    practices: model(connection, 'practices', { _id: text, name: text, folded: text, createdAt: date }, [
      [{ folded: 1 }, { unique: true }],
    ]),
    keys: model(connection, 'apikeys', KEY, [[{ hash: 1 }, { unique: true }], [{ practice: 1 }]]),
    keyUse: model(connection, 'keyuse', KEY_USE, [[{ key: 1, hour: 1 }], TTL]),
    users: model(connection, 'users', USER, [[{ folded: 1 }, { unique: true }]]),
    sessions: model(connection, 'sessions', SESSION, [
      [{ user: 1 }],
      [{ expiresAt: 1 }, { expireAfterSeconds: 0 }],
    ]),
    clients: model(connection, 'clients', CLIENT, []),
    signingKeys: model(connection, 'signingkeys', SIGNING_KEY, [TTL]),
    rates: model(connection, 'ratelimits', { _id: text, windows: Object, expireAt: date }, [TTL]),
    attempts: model(connection, 'loginattempts', ATTEMPTS, [TTL]),
    assertions: model(connection, 'assertions', { _id: text, expireAt: date }, [TTL]),
    idempotency: model(connection, 'idempotency', IDEMPOTENCY, [TTL]),
    masters: model(connection, 'masterkeys', { _id: text, fingerprint: text }, []),
  };
  for (const each of Object.values(records) as Model<unknown>[]) {
    await each.createCollection();
    await each.createIndexes();
  }
  return records;
}

const KEY = {
  _id: text,
  hash: text,
  practice: text,
  practiceName: text,
  scopes: [String],
  plan: text,
  createdAt: date,
  expiresAt: Date,
  revokedAt: Date,
  lastUsedAt: Date,
  replacedBy: String,
};

const KEY_USE = {
  _id: text,
  key: text,
  hour: date,
  requests: Number,
  refused: Number,
  minutes: Object,
  expireAt: date,
};

const USER = {
  _id: text,
  email: text,
  folded: text,
  name: text,
  role: text,
  ...practiceFields,
  practitioner: String,
  password: text,
  totp: String,
  totpOffered: String,
  totpUsed: [Number],
  knownAddresses: [String],
  createdAt: date,
  lastSignInAt: Date,
  disabledAt: Date,
};

const SESSION = {
  _id: text,
  user: text,
  email: text,
  name: text,
  role: text,
  ...practiceFields,
  practitioner: String,
  generation: { type: Number, required: true },
  createdAt: date,
  expiresAt: date,
  endedAt: Date,
  idleUntil: Date,
};

const CLIENT = {
  _id: text,
  name: text,
  secretHash: String,
  scopes: [String],
  ...practiceFields,
  jwks: Object,
  jwksUrl: String,
  createdAt: date,
  disabledAt: Date,
};

const SIGNING_KEY = { _id: text, publicJwk: Object, privateKey: text, createdAt: date, expireAt: date };

const ATTEMPTS = {
  _id: text,
  attempts: [{ _id: false, id: String, at: Date, failed: Boolean }],
  blockedUntil: Date,
  revision: { type: Number, required: true },
  expireAt: date,
};

const IDEMPOTENCY = {
  _id: text,
  bodyHash: text,
  claim: text,
  leaseUntil: date,
  answer: Object,
  expireAt: date,
};

/** Two identities may share a connection (tests, commands): the model is declared once. */
function model<T>(connection: Connection, collection: string, fields: object, indexes: Index[]): Model<T> {
  const declared = connection.models[collection] as Model<T> | undefined;
  if (declared !== undefined) return declared;
  const schema = new Schema<T>(fields as SchemaDefinition<T>, {
    versionKey: false,
    minimize: false,
    autoIndex: false,
    readConcern: LATEST,
  });
  for (const [definition, options] of indexes) schema.index(definition, options);
  return connection.model<T>(collection, schema, collection) as Model<T>;
}

/**
 * The driver's own collection behind a model, for what every request asks: mongoose's casting of a query that is
 * known to fit costs as much as the query.
 */
export function collectionOf<T extends { _id: string }>(
  model: Model<T>,
  writeConcern?: mongo.WriteConcernSettings,
): mongo.Collection<T> {
  const { db } = model.db;
  if (db === undefined) throw new Error('The database connection is not open.');
  return db.collection<T>(model.collection.name, {
    readConcern: LATEST,
    ...(writeConcern !== undefined && { writeConcern }),
  });
}

/** True when a write met a document with the same unique value (MongoDB error 11000). */
export function isDuplicate(error: unknown): boolean {
  return (error as { code?: unknown }).code === 11000;
}
