import type { Change } from './changes';
import { Changes, withLayer } from './changes';
import type { Chunk, Counted, KeyRange } from './chunk';
import type { TableName } from './environment';
import { TABLES } from './environment';
import type { LockHolder, LockTable } from './locks';
import { lockName } from './locks';
import type { View, Writer } from './view';

/** What the transaction did to a key. */
interface OwnChange extends Change {
  readonly key: Buffer;
}

type TableChanges = Changes<OwnChange>;

/** What to do when another writer was first; throws MongoDB's WriteConflict. */
export type OnConflict = () => never;

/**
 * A multi-document transaction's own world: the snapshot it began with, under its own uncommitted writes.
 * Nothing of it is in the file before `applyTo` runs in a write batch.
 */
export class OverlayView implements Writer {
  private changes: Record<TableName, TableChanges>;
  private readonly locked = new Set<string>();
  /** Bytes put so far. */
  bytes = 0;

  constructor(
    private readonly snapshot: View,
    private readonly locks: LockTable,
    private readonly holder: LockHolder,
    private readonly sequence: number,
    private readonly onConflict: OnConflict,
    readonly catalogAt: number,
  ) {
    this.changes = noChanges();
  }

  get heldLocks(): ReadonlySet<string> {
    return this.locked;
  }

  get(table: TableName, key: Buffer): Buffer | undefined {
    const own = this.changes[table].get(key.toString('latin1'));
    return own === undefined ? this.snapshot.get(table, key) : (own.value ?? undefined);
  }

  range(table: TableName, range: KeyRange): Chunk {
    return withLayer(this.snapshot, this.changes[table]).range(table, range);
  }

  countKeys(table: TableName, low: Buffer, high: Buffer, most: number): Counted {
    return withLayer(this.snapshot, this.changes[table]).countKeys(table, low, high, most);
  }

  pin(): void {
    this.snapshot.pin();
  }

  release(): void {
    // a transaction keeps its snapshot until it ends
  }

  put(table: TableName, key: Buffer, value: Buffer): void {
    this.bytes += key.length + value.length;
    this.changes[table].set(key.toString('latin1'), { key, value });
  }

  remove(table: TableName, key: Buffer): void {
    this.changes[table].set(key.toString('latin1'), { key, value: null });
  }

  /** First writer wins: a key that another open transaction holds, or that changed since the snapshot, is a conflict. */
  claim(table: TableName, key: Buffer): void {
    const name = lockName(table, key);
    const owner = this.locks.ownerOf(name);
    if (owner === this.holder) return;
    if (owner || this.locks.changedSince(name, this.sequence)) this.onConflict();
    this.locks.acquire(name, this.holder);
    this.locked.add(name);
  }

  /** Lets go of the memory once the transaction has ended. */
  clear(): void {
    this.changes = noChanges();
    this.locked.clear();
  }

  /** Writes everything into the batch's LMDB transaction. */
  applyTo(writer: Writer): void {
    for (const name of this.locked) {
      const table = name.startsWith('d') ? 'documents' : 'indexes';
      writer.claim(table, Buffer.from(name.slice(1), 'latin1'));
    }
    for (const table of TABLES) {
      for (const { key, value } of this.changes[table].changes()) {
        if (value) writer.put(table, key, value);
        else writer.remove(table, key);
      }
    }
  }
}

function noChanges(): Record<TableName, TableChanges> {
  return {
    catalog: new Changes(),
    documents: new Changes(),
    indexes: new Changes(),
    sessions: new Changes(),
  };
}
