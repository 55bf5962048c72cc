/** MongoDB transactions: begun, retried, committed. https://www.mongodb.com/docs/manual/core/transactions-in-applications/ */
import { mongo } from 'mongoose';
import type { StoreConnection } from './connection';
import {
  isConflict,
  isDuplicateKey,
  isTransient,
  problemOf,
  raceLost,
  TransactionConflict,
} from './failures';
import { pause, type KeyTurns } from './turns';

/** A transaction in progress. */
export interface RunningTransaction {
  session: mongo.ClientSession;
  /** Turns that the next try waits for before it begins: of locks and documents that this and earlier tries wrote. */
  awaited: Set<string>;
  /** Locks that it holds. */
  locked: Set<string>;
  /** Keys that it has marked. */
  marked: Set<string>;
  /** What to do once it is committed. */
  afterCommit: (() => void)[];
}

const OPTIONS: mongo.TransactionOptions = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority', journal: true },
  readPreference: 'primary',
};

/** Tries of one transaction, and the time after which none is begun any more, in milliseconds. */
const MAX_TRIES = 30;
const DEADLINE_MS = 20_000;

/**
 * Runs the work in a transaction, again from its beginning on a transient failure, so it must be repeatable.
 * For what earlier tries wrote, the next one waits its turn before its snapshot is taken: then it sees what was
 * written before it, and does not collide with others of this process.
 * @throws ProblemError 409 when others keep changing the same documents, 503 when the database fails.
 */
export async function runTransaction<T>(
  connection: StoreConnection,
  turns: KeyTurns,
  work: (transaction: RunningTransaction) => Promise<T>,
): Promise<T> {
  const started = Date.now();
  const awaited = new Set<string>();
  for (let tries = 1; ; tries++) {
    const ends = await takeAll(turns, awaited);
    const session = connection.client.startSession();
    try {
      const transaction = {
        session,
        awaited,
        locked: new Set<string>(),
        marked: new Set<string>(),
        afterCommit: [],
      };
      return await once(transaction, work);
    } catch (error) {
      if (!isTransient(error)) throw problemOf(error);
      if (tries >= MAX_TRIES || Date.now() - started > DEADLINE_MS) {
        throw isConflict(error) ? raceLost(error) : problemOf(error);
      }
    } finally {
      await session.endSession();
      for (const end of ends) end();
    }
    await pause(tries);
  }
}

async function takeAll(turns: KeyTurns, keys: ReadonlySet<string>): Promise<(() => void)[]> {
  const ends: (() => void)[] = [];
  // In one order for all, so that no two wait for each other.
  for (const key of [...keys].sort()) ends.push(await turns.take(key));
  return ends;
}

async function once<T>(
  transaction: RunningTransaction,
  work: (transaction: RunningTransaction) => Promise<T>,
): Promise<T> {
  const { session } = transaction;
  session.startTransaction(OPTIONS);
  let result: T;
  try {
    result = await work(transaction);
  } catch (error) {
    await session.abortTransaction().catch(() => undefined);
    throw error;
  }
  await commit(session);
  for (const after of transaction.afterCommit) after();
  return result;
}

/** Commits; an unknown result is asked for again, which MongoDB answers once for all. */
async function commit(session: mongo.ClientSession): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      const isUnknown =
        error instanceof mongo.MongoError && error.hasErrorLabel('UnknownTransactionCommitResult');
      if (!isUnknown || tries >= 10) throw error;
    }
    await pause(tries, 20);
  }
}

/** `holds` makes each a change, whatever the clock says; `at` lets locks that nobody takes any more expire. */
interface LockDocument {
  _id: string;
  holds: number;
  at: Date;
}

/** Writes the keys' lock documents, so that of several transactions that name one of the keys one at a time commits. */
export async function lockKeys(
  connection: StoreConnection,
  transaction: RunningTransaction,
  keys: readonly string[],
): Promise<void> {
  const wanted = [...new Set(keys)].filter((key) => !transaction.locked.has(key)).sort();
  if (wanted.length === 0) return;
  for (const key of wanted) {
    transaction.locked.add(key);
    transaction.awaited.add(`lock ${key}`);
  }
  const change = { $inc: { holds: 1 }, $set: { at: new Date() } };
  await upsertInTransaction(connection.collection<LockDocument>('locks'), transaction, wanted, change);
}

/** Changes the documents of those ids, or makes them; when another transaction makes one too, this one runs again. */
export async function upsertInTransaction<D extends { _id: string }>(
  collection: mongo.Collection<D>,
  { session }: RunningTransaction,
  ids: readonly string[],
  change: mongo.UpdateFilter<D>,
): Promise<void> {
  try {
    await collection.bulkWrite(
      ids.map((_id) => ({
        updateOne: { filter: { _id } as mongo.Filter<D>, update: change, upsert: true },
      })),
      { session },
    );
  } catch (error) {
    if (isDuplicateKey(error))
      throw new TransactionConflict(`Two transactions made one of ${ids.join(', ')}.`);
    throw error;
  }
}
