import type { Chunk, Counted, KeyRange } from './chunk';
import type { Environment, TableName } from './environment';
import type { LockHolder, LockTable } from './locks';
import { lockName } from './locks';
import type { LoggedChange } from './log-records';
import type { Generation, Version } from './memtable';
import type { Writer } from './view';
import { SnapshotView } from './view';

/** Thrown by `claim` when an open transaction holds the key: the operation runs again when it has ended. */
export class Blocked extends Error {
  constructor(readonly holder: LockHolder) {
    super('The document is held by an open transaction');
  }
}

/** A write that an operation did, and what it replaced. */
interface Written extends LoggedChange {
  readonly name: string;
  readonly version: Version;
  readonly previous: Version | undefined;
  readonly generation: Generation;
}

/** Writes that go to disk together. */
export interface PendingBatch {
  readonly number: number;
  readonly written: Written[];
  bytes: number;
}

/** What came of an operation. */
export type Ran<T> =
  | { readonly ok: true; readonly value: T; readonly claimed: readonly string[] }
  /** `undone`: it had written before it threw, and that was taken back. */
  | { readonly ok: false; readonly error: unknown; readonly undone: boolean };

/** What the operations of the write queue read and write: each sees what the ones before did, on disk or not. */
export class PendingWriter implements Writer {
  private readonly below: SnapshotView;
  private batch: PendingBatch = { number: 0, written: [], bytes: 0 };
  /** What the running operation claimed. */
  private claimed: string[] = [];
  private holder: LockHolder | undefined;
  readonly catalogAt = Number.POSITIVE_INFINITY;

  constructor(
    private readonly env: Environment,
    private readonly locks: LockTable,
  ) {
    this.below = new SnapshotView(env, env.memory.latest);
  }

  /**
   * Runs an operation, its writes going to `batch`. What it wrote is taken back when it throws.
   * @param holder the transaction being committed: it may write what it holds itself
   */
  run<T>(operation: (writer: Writer) => T, batch: PendingBatch, holder: LockHolder | undefined): Ran<T> {
    const { bytes } = batch;
    const { length } = batch.written;
    this.batch = batch;
    this.claimed = [];
    this.holder = holder;
    try {
      return { ok: true, value: operation(this), claimed: this.claimed };
    } catch (error) {
      const undone = batch.written.length > length;
      takeBack(batch, length);
      batch.bytes = bytes;
      return { ok: false, error, undone };
    }
  }

  get(table: TableName, key: Buffer): Buffer | undefined {
    return this.below.get(table, key);
  }

  range(table: TableName, range: KeyRange): Chunk {
    return this.below.range(table, range);
  }

  countKeys(table: TableName, low: Buffer, high: Buffer, most: number): Counted {
    return this.below.countKeys(table, low, high, most);
  }

  pin(): void {
    // an operation never pauses
  }

  release(): void {
    // an operation never pauses
  }

  put(table: TableName, key: Buffer, value: Buffer): void {
    this.change(table, key, value);
  }

  remove(table: TableName, key: Buffer): void {
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
    const generation = this.env.memory.active;
    const changes = generation.tables[table];
    const name = key.toString('latin1');
    const previous = changes.get(name);
    // Nobody ever sees the state between two writes of one batch.
    const older = previous?.batch === batch.number ? previous.older : previous;
    const version = { value, batch: batch.number, older };
    changes.set(name, version);
    batch.written.push({ table, name, key, value, version, previous, generation });
    const bytes = sizeOf(key, value);
    batch.bytes += bytes;
    generation.bytes += bytes;
    generation.writes++;
  }
}

function sizeOf(key: Buffer, value: Buffer | null): number {
  return key.length + (value?.length ?? 0);
}

/** What a batch leaves behind: of several writes of one key the last. */
export function lastWrites({ written }: PendingBatch): LoggedChange[] {
  return written.filter(
    ({ generation, table, name, version }) => generation.tables[table].get(name) === version,
  );
}

/** Takes back all writes of a batch but the first `keep`. */
export function takeBack({ written }: PendingBatch, keep = 0): void {
  while (written.length > keep) {
    const last = written.pop();
    if (!last) return;
    const { generation, table, name, key, value, previous } = last;
    if (previous) generation.tables[table].set(name, previous);
    else generation.tables[table].delete(name);
    generation.bytes -= sizeOf(key, value);
    generation.writes--;
  }
}
