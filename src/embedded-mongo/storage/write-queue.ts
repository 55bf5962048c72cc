import { statfsSync } from 'node:fs';
import type { Environment, TableName } from './environment';
import type { LockHolder, LockTable } from './locks';
import { lockName } from './locks';
import type { Chunk, KeyRange, Writer } from './view';
import { asBuffer, countKeys, readRange } from './view';

/** Thrown by `claim` when an open transaction holds the key: the operation runs again when it has ended. */
export class Blocked extends Error {
  constructor(readonly holder: LockHolder) {
    super('The document is held by an open transaction');
  }
}

/** Writes straight into the LMDB transaction of the running batch. */
class BatchWriter implements Writer {
  readonly claimed: string[] = [];
  /** Bytes put so far. */
  written = 0;
  readonly catalogAt = Number.POSITIVE_INFINITY;

  constructor(
    private readonly env: Environment,
    private readonly locks: LockTable,
    /** The transaction being committed may write what it holds itself. */
    public holder: LockHolder | undefined,
  ) {}

  get(table: TableName, key: Buffer): Buffer | undefined {
    const value = this.env.tables[table].getBinary(key);
    return value === undefined ? undefined : asBuffer(value);
  }

  range(table: TableName, range: KeyRange): Chunk {
    return readRange(this.env, table, range);
  }

  countUpTo(table: TableName, low: Buffer, high: Buffer, most: number): number {
    return countKeys(this.env, table, low, high, most);
  }

  pin(): void {
    // a batch never pauses
  }

  release(): void {
    // a batch never pauses
  }

  put(table: TableName, key: Buffer, value: Buffer): void {
    this.written += key.length + value.length;
    this.env.tables[table].putSync(key, value);
  }

  remove(table: TableName, key: Buffer): void {
    this.env.tables[table].removeSync(key);
  }

  claim(table: TableName, key: Buffer): void {
    const name = lockName(table, key);
    const owner = this.locks.ownerOf(name);
    if (owner && owner !== this.holder) throw new Blocked(owner);
    this.claimed.push(name);
  }
}

/** What the queue should know of an operation beforehand. */
export interface OperationTraits {
  /** The transaction whose commit it is: it may write what that holds. */
  holder?: LockHolder | undefined;
  /** About how many bytes it puts, where that may be many. */
  bytes?: number;
  /** It removes more than it puts, so that it may run on a disk that is nearly full. */
  frees?: boolean;
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

interface Operation<T = unknown> {
  run(writer: Writer): T;
  traits: OperationTraits;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export interface QueueHooks {
  /** An operation that throws one of these has written nothing; any other error takes the whole batch back. */
  isExpected(error: unknown): boolean;
  /** Adds what belongs into the same commit. */
  beforeCommit(writer: Writer): void;
  /** Memory may have run ahead of a batch that failed. */
  afterRollback(): void;
}

/** Longest stretch of one batch before it commits and others get their turn, in milliseconds. */
const BATCH_MS = 8;
/** A batch that has put so much takes no more operations. */
const BATCH_BYTES = 4 << 20;
/**
 * Disk space that is left alone. LMDB survives a write that finds no space, but its binding does not reliably, so writes are
 * refused before it comes to that.
 */
const RESERVED_BYTES = 24 << 20;
/** What a disk nearly full still allows: removing. */
const RESERVED_FROM_REMOVALS = 4 << 20;
/** A byte that is put may make so many bytes of changed pages. */
const PAGES_PER_BYTE = 2;

/** The disk that holds the database has no more room. */
export class DiskFull extends Error {
  constructor() {
    super('No space left on the disk of the database');
  }
}

/**
 * Group commit. Every write of the server is an operation run here, one after the other, many to one LMDB
 * transaction; nobody's promise resolves before that transaction is flushed to disk.
 */
export class WriteQueue {
  private queue: Operation[] = [];
  private scheduled = false;
  private stopped = false;

  constructor(
    private readonly env: Environment,
    private readonly locks: LockTable,
    private readonly hooks: QueueHooks,
  ) {}

  /**
   * Runs `operation` inside the next batch. It must check before it writes: when it throws an expected error it
   * must not have written. It may run again (after a wait for a lock, or when its batch failed).
   */
  submit<T>(run: (writer: Writer) => T, traits: OperationTraits = {}): Promise<T> {
    if (this.stopped) return Promise.reject(new Error('The database is shutting down'));
    return new Promise<T>((resolve, reject) => {
      this.queue.push({ run, traits, resolve, reject } as Operation);
      this.schedule();
    });
  }

  /** Commits what is queued. */
  async idle(): Promise<void> {
    while (this.queue.length > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Commits what is queued and takes no more. */
  async stop(): Promise<void> {
    await this.idle();
    this.stopped = true;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.runBatch();
      if (this.queue.length > 0) this.schedule();
    });
  }

  private runBatch(): void {
    const batch: Operation[] = [];
    const settle: (() => void)[] = [];
    const writer = new BatchWriter(this.env, this.locks, undefined);
    try {
      this.env.root.transactionSync(() => {
        const deadline = performance.now() + BATCH_MS;
        const free = freeBytes(this.env.path);
        while (this.queue.length > 0 && writer.written < BATCH_BYTES) {
          const operation = this.queue.shift() as Operation;
          batch.push(operation);
          this.runOne(operation, writer, settle, free);
          if (performance.now() > deadline) break;
        }
        this.hooks.beforeCommit(writer);
      });
    } catch (error) {
      this.hooks.afterRollback();
      this.retrySingly(batch, error);
      return;
    }
    this.locks.committed(writer.claimed);
    for (const done of settle) done();
  }

  private runOne(operation: Operation, writer: BatchWriter, settle: (() => void)[], free: number): void {
    const { holder, bytes = 0, frees = false } = operation.traits;
    const reserved = frees ? RESERVED_FROM_REMOVALS : RESERVED_BYTES;
    if (free - PAGES_PER_BYTE * (writer.written + bytes) < reserved) {
      operation.reject(new DiskFull());
      return;
    }
    writer.holder = holder;
    try {
      const value = operation.run(writer);
      settle.push(() => operation.resolve(value));
    } catch (error) {
      if (error instanceof Blocked) {
        settle.push(() => void error.holder.ended.then(() => this.requeue(operation)));
      } else if (this.hooks.isExpected(error)) {
        settle.push(() => operation.reject(error));
      } else throw error;
    }
  }

  private requeue(operation: Operation): void {
    this.queue.push(operation);
    this.schedule();
  }

  /** A batch that failed is taken back whole; each operation then has a transaction of its own to fail in. */
  private retrySingly(batch: Operation[], cause: unknown): void {
    if (batch.length === 1) {
      batch[0]?.reject(cause);
      return;
    }
    const rest = this.queue;
    for (const operation of batch) {
      this.queue = [operation];
      this.runBatch();
    }
    this.queue = rest.concat(this.queue);
  }
}
