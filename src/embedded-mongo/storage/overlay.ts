import type { TableName } from './environment';
import { TABLES } from './environment';
import type { LockHolder, LockTable } from './locks';
import { lockName } from './locks';
import { SortedKeys } from './sorted-keys';
import type { Chunk, Entry, KeyRange, View, Writer } from './view';
import { scanRange } from './view';

interface TableChanges {
  /** null: removed. */
  values: Map<string, Buffer | null>;
  order: SortedKeys;
}

/** What to do when another writer was first; throws MongoDB's WriteConflict. */
export type OnConflict = () => never;

/**
 * A multi-document transaction's own world: the snapshot it began with, under its own uncommitted writes.
 * Nothing of it is in the file before `applyTo` runs in a write batch.
 */
export class OverlayView implements Writer {
  private readonly changes: Record<TableName, TableChanges>;
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
    this.changes = Object.fromEntries(TABLES.map((table) => [table, emptyChanges()])) as Record<
      TableName,
      TableChanges
    >;
  }

  get heldLocks(): ReadonlySet<string> {
    return this.locked;
  }

  get(table: TableName, key: Buffer): Buffer | undefined {
    const own = this.changes[table].values.get(key.toString('latin1'));
    return own === undefined ? this.snapshot.get(table, key) : (own ?? undefined);
  }

  range(table: TableName, range: KeyRange): Chunk {
    const chunk = this.snapshot.range(table, range);
    const { entries: base, complete } = chunk;
    const { values, order } = this.changes[table];
    if (values.size === 0) return chunk;
    // A base chunk that is not complete says nothing about what lies beyond its last key: merging stops there.
    const last = complete ? undefined : base.at(-1)?.key;
    const bounded = narrow(range, last);
    const own = [
      ...order.between(
        bounded.low.toString('latin1'),
        bounded.high.toString('latin1'),
        Boolean(range.reverse),
      ),
    ];
    const merged = merge(base, own, values, Boolean(range.reverse));
    // All of a full chunk may have been removed by this transaction: go on, lest the scan take it for the end.
    if (merged.length === 0 && last) return this.range(table, beyond(range, last));
    return { entries: merged, complete };
  }

  countUpTo(table: TableName, low: Buffer, high: Buffer, most: number): number {
    if (this.changes[table].values.size === 0) return this.snapshot.countUpTo(table, low, high, most);
    const entries = scanRange(this, table, low, high);
    let count = 0;
    while (count < most && entries.next().done !== true) count++;
    return count;
  }

  pin(): void {
    this.snapshot.pin();
  }

  release(): void {
    // a transaction keeps its snapshot until it ends
  }

  put(table: TableName, key: Buffer, value: Buffer): void {
    this.bytes += key.length + value.length;
    const name = key.toString('latin1');
    this.changes[table].values.set(name, value);
    this.changes[table].order.add(name);
  }

  remove(table: TableName, key: Buffer): void {
    const name = key.toString('latin1');
    this.changes[table].values.set(name, null);
    this.changes[table].order.add(name);
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
    for (const table of TABLES) this.changes[table] = emptyChanges();
    this.locked.clear();
  }

  /** Writes everything into the batch's LMDB transaction. */
  applyTo(writer: Writer): void {
    for (const name of this.locked) {
      const table = name.startsWith('d') ? 'documents' : 'indexes';
      writer.claim(table, Buffer.from(name.slice(1), 'latin1'));
    }
    for (const table of TABLES) {
      for (const [name, value] of this.changes[table].values) {
        const key = Buffer.from(name, 'latin1');
        if (value) writer.put(table, key, value);
        else writer.remove(table, key);
      }
    }
  }
}

function emptyChanges(): TableChanges {
  return { values: new Map(), order: new SortedKeys() };
}

/** The part of `range` up to and including the base chunk's last key. */
function narrow(range: KeyRange, last: Buffer | undefined): { low: Buffer; high: Buffer } {
  if (!last) return { low: range.low, high: range.high };
  if (range.reverse) return { low: last, high: range.high };
  return { low: range.low, high: Buffer.concat([last, Buffer.from([0])]) };
}

function beyond(range: KeyRange, last: Buffer): KeyRange {
  return range.reverse
    ? { ...range, high: last }
    : { ...range, low: Buffer.concat([last, Buffer.from([0])]) };
}

function merge(
  base: Entry[],
  own: string[],
  values: ReadonlyMap<string, Buffer | null>,
  reverse: boolean,
): Entry[] {
  const merged: Entry[] = [];
  let i = 0;
  const before = (a: string, b: string): boolean => (reverse ? a > b : a < b);
  for (const entry of base) {
    const key = entry.key.toString('latin1');
    for (; i < own.length && before(own[i] as string, key); i++) addOwn(own[i] as string);
    if (own[i] === key) addOwn(own[i++] as string);
    else merged.push(entry);
  }
  for (; i < own.length; i++) addOwn(own[i] as string);
  return merged;

  function addOwn(name: string): void {
    const value = values.get(name);
    if (value) merged.push({ key: Buffer.from(name, 'latin1'), value });
  }
}
