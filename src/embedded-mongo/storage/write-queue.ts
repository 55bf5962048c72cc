import { statfsSync } from 'node:fs';
import type { Environment } from './environment';
import type { LockHolder, LockTable } from './locks';
import type { PendingBatch } from './pending';
import { Blocked, PendingWriter, newBatch } from './pending';
import type { Writer } from './view';

/** What the queue should know of an operation beforehand. */
export interface OperationTraits {
  /** The transaction whose commit it is: it may write what that holds. */
  holder?: LockHolder | undefined;
  /** About how many bytes it puts, where that may be many. */
  bytes?: number;
  /** It removes more than it puts, so that it may run on a disk that is nearly full. */
  frees?: boolean;
}

interface Operation<T = unknown> {
  run(writer: Writer): T;
  traits: OperationTraits;
  resolve(value: T): void;
  reject(error: unknown): void;
  /** It was in a commit that failed: it now has one of its own to fail in. */
  alone: boolean;
}

export interface QueueHooks {
  /** Adds what belongs into the same commit. */
  beforeCommit(writer: Writer): void;
  /** Memory may have run ahead of writes that were taken back; `view` is what is left. */
  afterRollback(view: Writer): void;
}

/** Operations whose writes go to disk together. */
interface Batch extends PendingBatch {
  readonly operations: Operation[];
  /** What their callers are told once it is on disk. */
  readonly settle: (() => void)[];
  /** The number of its last write in the table of locks. */
  sequence: number;
}

/** Longest stretch of operations before others get their turn, in milliseconds. */
const STRETCH_MS = 8;
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
 * Group commit. Every write of the server is an operation run here, one after the other, each seeing what the ones before
 * did. While one batch is on its way to the disk the next one gathers; nobody's promise resolves before its batch is
 * flushed.
 */
export class WriteQueue {
  private queue: Operation[] = [];
  private scheduled = false;
  private stopped = false;
  private readonly writer: PendingWriter;
  private gathering = emptyBatch();
  private committing: Batch | undefined;

  constructor(
    private readonly env: Environment,
    private readonly locks: LockTable,
    private readonly hooks: QueueHooks,
  ) {
    this.writer = new PendingWriter(env, locks);
  }

  /**
   * Runs `operation` in its turn. What it wrote is taken back when it throws. It may run again (after a wait for a lock,
   * or when its commit failed).
   */
  submit<T>(run: (writer: Writer) => T, traits: OperationTraits = {}): Promise<T> {
    if (this.stopped) return Promise.reject(new Error('The database is shutting down'));
    return new Promise<T>((resolve, reject) => {
      this.queue.push({ run, traits, resolve, reject, alone: false } as Operation);
      this.schedule();
    });
  }

  /** Commits what is queued. */
  async idle(): Promise<void> {
    while (this.queue.length > 0 || this.committing || this.gathering.operations.length > 0)
      await new Promise((resolve) => setImmediate(resolve));
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
      this.runQueued();
    });
  }

  /** Runs operations into the batch that gathers, and sends it off when the disk is free. */
  private runQueued(): void {
    const deadline = performance.now() + STRETCH_MS;
    const free = freeBytes(this.env.path) - PAGES_PER_BYTE * (this.committing?.bytes ?? 0);
    while (this.takesMore() && performance.now() < deadline) {
      const operation = this.queue.shift();
      if (operation) this.runOne(operation, free);
    }
    if (!this.committing) this.send();
    if (this.takesMore()) this.schedule();
  }

  private takesMore(): boolean {
    const [next] = this.queue;
    if (!next || this.gathering.bytes >= BATCH_BYTES) return false;
    const [running] = this.gathering.operations;
    if (next.alone || running?.alone) return !running && !this.committing;
    return true;
  }

  private runOne(operation: Operation, free: number): void {
    const batch = this.gathering;
    const { holder, bytes = 0, frees = false } = operation.traits;
    const reserved = frees ? RESERVED_FROM_REMOVALS : RESERVED_BYTES;
    if (free - PAGES_PER_BYTE * (batch.bytes + bytes) < reserved) {
      operation.reject(new DiskFull());
      return;
    }
    const ran = this.writer.run(operation.run, batch, holder);
    if (ran.ok) batch.sequence = this.locks.written(ran.claimed);
    else if (ran.undone) this.hooks.afterRollback(this.writer);
    if (!ran.ok && ran.error instanceof Blocked) {
      void ran.error.holder.ended.then(() => this.requeue(operation));
      return;
    }
    batch.operations.push(operation);
    // What a failed one saw may not be on disk yet: its caller hears of it no sooner than of a success.
    batch.settle.push(ran.ok ? () => operation.resolve(ran.value) : () => operation.reject(ran.error));
  }

  private requeue(operation: Operation): void {
    this.queue.push(operation);
    this.schedule();
  }

  private send(): void {
    const batch = this.gathering;
    if (batch.operations.length === 0) return;
    this.gathering = emptyBatch();
    this.writer.run((writer) => this.hooks.beforeCommit(writer), batch, undefined);
    if (batch.changes.length === 0) {
      for (const tell of batch.settle) tell();
      return;
    }
    this.committing = batch;
    this.writer.commit(batch).then(
      () => {
        this.locks.committed(batch.sequence);
        this.committing = undefined;
        for (const tell of batch.settle) tell();
        this.goOn();
      },
      (error: unknown) => this.failed(batch, error),
    );
  }

  /** The disk is free: what has gathered meanwhile goes to it. */
  private goOn(): void {
    this.send();
    if (this.queue.length > 0) this.schedule();
  }

  /** Nothing of the batch is on disk: its operations, and those that saw what they did, run again. */
  private failed(batch: Batch, cause: unknown): void {
    const [only] = batch.operations;
    const again = this.gathering.operations;
    this.committing = undefined;
    this.gathering = emptyBatch();
    this.writer.discard();
    this.hooks.afterRollback(this.writer);
    if (batch.operations.length > 1) {
      for (const operation of batch.operations) operation.alone = true;
      this.queue = [...batch.operations, ...again, ...this.queue];
    } else {
      only?.reject(cause);
      this.queue = [...again, ...this.queue];
    }
    this.goOn();
  }
}

function emptyBatch(): Batch {
  return { ...newBatch(), operations: [], settle: [], sequence: 0 };
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
