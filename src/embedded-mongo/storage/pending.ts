import { Changes, layeredCount, layeredRange } from './changes';
import type { Environment, TableName } from './environment';
import { TABLES } from './environment';
import type { LockHolder, LockTable } from './locks';
import { lockName } from './locks';
import type { Chunk, KeyRange, Writer } from './view';
import { SnapshotView } from './view';

/** Thrown by `claim` when an open transaction holds the key: the operation runs again when it has ended. */
export class Blocked extends Error {
  constructor(readonly holder: LockHolder) {
    super('The document is held by an open transaction');
  }
}

/** A write that is done but not on disk. */
interface PendingChange {
  readonly table: TableName;
  readonly name: string;
  readonly key: Buffer;
  readonly value: Buffer | null;
  readonly batch: PendingBatch;
  /** Written again in the same batch: only the last value goes to disk. */
  superseded: boolean;
}

/** What came of an operation. */
export type Ran<T> =
  | { readonly ok: true; readonly value: T; readonly claimed: readonly string[] }
  /** `undone`: it had written before it threw, and that was taken back. */
  | { readonly ok: false; readonly error: unknown; readonly undone: boolean };

/** Writes that go to disk in one commit. */
export interface PendingBatch {
  readonly changes: PendingChange[];
  bytes: number;
}

export function newBatch(): PendingBatch {
  return { changes: [], bytes: 0 };
}

/**
 * What the operations of the write queue read and write: the last commit under all writes that were done since, also
 * those whose commit is still on its way to the disk.
 */
export class PendingWriter implements Writer {
  private readonly changes: Record<TableName, Changes<PendingChange>> = {
    catalog: new Changes(),
    documents: new Changes(),
    indexes: new Changes(),
    sessions: new Changes(),
  };
  private readonly committed: SnapshotView;
  private batch = newBatch();
  /** What the running operation claimed, and what its writes replaced. */
  private claimed: string[] = [];
  private replaced: (PendingChange | undefined)[] = [];
  private holder: LockHolder | undefined;
  readonly catalogAt = Number.POSITIVE_INFINITY;

  constructor(
    private readonly env: Environment,
    private readonly locks: LockTable,
  ) {
    this.committed = new SnapshotView(env);
  }

  /**
   * Runs an operation, its writes going to `batch`. What it wrote is taken back when it throws.
   * @param holder the transaction being committed: it may write what it holds itself
   */
  run<T>(operation: (writer: Writer) => T, batch: PendingBatch, holder: LockHolder | undefined): Ran<T> {
    const { bytes } = batch;
    this.batch = batch;
    this.claimed = [];
    this.replaced = [];
    this.holder = holder;
    try {
      return { ok: true, value: operation(this), claimed: this.claimed };
    } catch (error) {
      const undone = this.replaced.length > 0;
      for (const previous of this.replaced.reverse()) this.takeBack(batch.changes.pop(), previous);
      batch.bytes = bytes;
      return { ok: false, error, undone };
    }
  }

  /** Hands a batch to LMDB's own thread, which writes it, commits and syncs. Rejects when nothing of it is on disk. */
  async commit(batch: PendingBatch): Promise<void> {
    const { tables, root } = this.env;
    try {
      await root.batch(() => {
        for (const { table, key, value, superseded } of batch.changes) {
          if (superseded) continue;
          if (value) void tables[table].put(key, value);
          else void tables[table].remove(key);
        }
      });
    } catch (error) {
      throw await causeOf(error);
    }
    root.resetReadTxn();
    this.forget(batch);
  }

  /** The file holds the batch now. */
  private forget(batch: PendingBatch): void {
    for (const change of batch.changes) {
      const changes = this.changes[change.table];
      if (changes.get(change.name)?.batch === batch) changes.delete(change.name);
    }
  }

  /** Lets go of everything that is not on disk. */
  discard(): void {
    for (const table of TABLES) this.changes[table] = new Changes();
  }

  get(table: TableName, key: Buffer): Buffer | undefined {
    const changes = this.changes[table];
    const own = changes.size > 0 ? changes.get(key.toString('latin1')) : undefined;
    return own ? (own.value ?? undefined) : this.committed.get(table, key);
  }

  range(table: TableName, range: KeyRange): Chunk {
    return layeredRange((part) => this.committed.range(table, part), this.changes[table], range);
  }

  countUpTo(table: TableName, low: Buffer, high: Buffer, most: number): number {
    return layeredCount(this.committed, this.changes[table], { table, low, high, most });
  }

  pin(): void {
    // an operation never pauses
  }

  release(): void {
    // an operation never pauses
  }

  put(table: TableName, key: Buffer, value: Buffer): void {
    this.batch.bytes += key.length + value.length;
    this.change(table, key, value);
  }

  remove(table: TableName, key: Buffer): void {
    this.batch.bytes += key.length;
    this.change(table, key, null);
  }

  claim(table: TableName, key: Buffer): void {
    const name = lockName(table, key);
    const owner = this.locks.ownerOf(name);
    if (owner && owner !== this.holder) throw new Blocked(owner);
    this.claimed.push(name);
  }

  private change(table: TableName, key: Buffer, value: Buffer | null): void {
    const { batch } = this;
    const name = key.toString('latin1');
    const previous = this.changes[table].get(name);
    if (previous?.batch === batch) previous.superseded = true;
    const change = { table, name, key, value, batch, superseded: false };
    this.changes[table].set(name, change);
    batch.changes.push(change);
    this.replaced.push(previous);
  }

  private takeBack(change: PendingChange | undefined, previous: PendingChange | undefined): void {
    if (!change) return;
    const { table, name } = change;
    if (!previous) return this.changes[table].delete(name);
    this.changes[table].set(name, previous);
    previous.superseded = false;
  }
}

/** lmdb rejects with an error that only points to the one with the cause. */
async function causeOf(error: unknown): Promise<unknown> {
  const cause = (error as { commitError?: Promise<never> }).commitError;
  if (!cause) return error;
  return cause.then(
    () => error,
    (real: unknown) => real,
  );
}
