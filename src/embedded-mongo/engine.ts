import { Catalog } from './catalog/catalog';
import type { Limits } from './limits';
import { Cursors } from './sessions/cursors';
import { Transactions } from './sessions/transactions';
import { DocumentWriter } from './storage/documents';
import type { Environment } from './storage/environment';
import type { OnIndexTrait } from './storage/index-entries';
import { LockTable } from './storage/locks';
import { releaseClaim } from './storage/owner';
import { WriteQueue } from './storage/write-queue';
import { Sweeper } from './sweeper';

/** The parts of one running database. */
export interface Engine {
  readonly env: Environment;
  readonly catalog: Catalog;
  readonly queue: WriteQueue;
  readonly documents: DocumentWriter;
  readonly transactions: Transactions;
  readonly cursors: Cursors;
  readonly sweeper: Sweeper;
  /** Remembers what an index has met: arrays, long keys. */
  readonly noteTrait: OnIndexTrait;
  readonly started: number;
}

/** Makes an engine of an open file that is this process' own and holds all that was logged: see `server.ts`. */
export function openEngine(env: Environment, limits: Limits): Engine {
  const catalog = new Catalog(env);
  const locks = new LockTable();
  const noteTrait: OnIndexTrait = (collection, index, paths, cut) =>
    catalog.noteTrait(collection, index, paths, cut);
  const queue = new WriteQueue(env, locks, {
    beforeCommit: (writer) => catalog.saveTraits(writer),
    afterRollback: (view) => catalog.reload(view),
  });
  const engine: Engine = {
    env,
    catalog,
    queue,
    noteTrait,
    documents: new DocumentWriter(noteTrait),
    transactions: new Transactions(env, locks, queue, catalog),
    cursors: new Cursors(),
    sweeper: new Sweeper(() => engine, limits),
    started: Date.now(),
  };
  return engine;
}

/** Commits what is queued and closes the file. */
export async function closeEngine(engine: Engine): Promise<void> {
  await engine.sweeper.stop();
  await engine.queue.stop();
  engine.cursors.closeAll();
  releaseClaim(engine.env);
  await engine.env.root.close();
}
