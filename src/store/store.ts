/** The store, put together. */
import type { mongo } from 'mongoose';
import { ProblemError } from '../fhir';
import { type CommitSettings, commitOne, prepareTypes } from './commit';
import { commitInTransaction } from './commit-transaction';
import type { StoreConnection } from './connection';
import { withProblems } from './failures';
import { history } from './history';
import { timeOrderedUuid } from './ids';
import { typeOf } from './plan';
import { read, readMany, readVersion } from './read';
import { rulesByType } from './rules';
import type { Scope } from './scope';
import { count, search } from './search';
import { mark, marks } from './marks';
import { nextNumber } from './sequences';
import { lockKeys, type RunningTransaction, runTransaction } from './transactions';
import { createKeyTurns } from './turns';
import type { Store, StoreAccess, StoreTransaction, WriteRule } from './types';

export interface StoreOptions {
  connection: StoreConnection;
  /** Rules of the domains, applied in order to every write of their type. */
  rules?: readonly WriteRule[];
  clock?: () => Date;
  /** Ids of new resources. Default: time-ordered UUIDs. */
  ids?: () => string;
  /** Milliseconds that a search may take. */
  searchMs?: number;
}

const sessions = new WeakMap<StoreTransaction, mongo.ClientSession>();

/** The session of a transaction, for a service that writes its own collection in the same transaction. */
export function sessionOf(tx: StoreTransaction): mongo.ClientSession {
  const session = sessions.get(tx);
  if (session === undefined) throw new ProblemError('internal', 'The transaction is not one of this store.');
  return session;
}

/** The record behind every face. Failures are ProblemErrors. */
export function createStore(options: StoreOptions): Store {
  const { connection } = options;
  const turns = createKeyTurns();
  const settings: CommitSettings = {
    clock: options.clock ?? (() => new Date()),
    newId: options.ids ?? (() => timeOrderedUuid()),
    rules: rulesByType(options.rules ?? []),
    turns,
  };
  const transaction = <T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> =>
    runTransaction(connection, turns, (running) => work(transactionAccess(connection, settings, running)));
  return {
    ...readAccess({ connection, searchMs: options.searchMs }, true),
    commit: (changes, context) =>
      withProblems(async () => {
        const [change] = changes;
        if (change === undefined) return [];
        await prepareTypes({ connection }, changes);
        if (changes.length === 1 && !settings.rules.has(typeOf(change))) {
          const committed = await commitOne({ connection }, settings, change, context);
          if (committed !== undefined) return committed;
        }
        return transaction((tx) => tx.commit(changes, context));
      }),
    transaction,
    marks: (key) => withProblems(() => marks(connection, key)),
    nextNumber: (sequence) => withProblems(() => nextNumber(connection, sequence)),
  };
}

type Reads = Omit<StoreAccess, 'commit'>;

/** Inside a transaction failures pass as they are: their labels decide whether it is run again. */
function readAccess(scope: Scope, isTranslated: boolean): Reads {
  const run = <T>(work: () => Promise<T>): Promise<T> => (isTranslated ? withProblems(work) : work());
  return {
    read: (viewer, type, id) => run(() => read(scope, viewer, type, id)),
    readMany: (viewer, references) => run(() => readMany(scope, viewer, references)),
    readVersion: (viewer, type, id, version) => run(() => readVersion(scope, viewer, type, id, version)),
    search: (viewer, request) => run(() => search(scope, viewer, request)),
    count: (viewer, request) => run(() => count(scope, viewer, request)),
    history: (viewer, request) => run(() => history(scope, viewer, request)),
  };
}

function transactionAccess(
  connection: StoreConnection,
  settings: CommitSettings,
  running: RunningTransaction,
): StoreTransaction {
  const scope: Scope = { connection, session: running.session };
  const tx: StoreTransaction = {
    ...readAccess(scope, false),
    lock: (...keys) => lockKeys(connection, running, keys),
    mark: (key) => mark(connection, running, key),
    commit: (changes, context) => commitInTransaction({ scope, settings, running, tx }, changes, context),
  };
  sessions.set(tx, running.session);
  return tx;
}
