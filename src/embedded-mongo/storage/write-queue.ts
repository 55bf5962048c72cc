import { statSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Checkpointer } from './checkpointer';
import type { Environment } from './environment';
import { DATA_FILE } from './environment';
import type { LockHolder, LockTable } from './locks';
import { WriteAheadLog } from './log';
import { encodeRecord } from './log-records';
import type { PendingBatch } from './pending';
import { Blocked, PendingWriter, lastWrites, takeBack } from './pending';
import type { Writer } from './view';

/** What the queue should know of an operation beforehand. */
export interface OperationTraits {
  /** The transaction whose commit it is: it may write what that holds. */
  holder?: LockHolder | undefined;
  /** About how many bytes it puts, where that may be many. */
  bytes?: number;
  /** It removes more than it puts, so that it may run on a disk that is nearly full. */
  frees?: boolean;
  /** Its caller is told before it is on disk, and may lose it. */
  unsynced?: boolean;
}

interface Operation<T = unknown> {
  run(writer: Writer): T;
  traits: OperationTraits;
  resolve(value: T): void;
  reject(error: unknown): void;
  /** It was in a batch that failed: it now has one of its own to fail in. */
  alone: boolean;
}

export interface QueueHooks {
  /** Adds what belongs into the same commit. */
  beforeCommit(writer: Writer): void;
  /** Memory may have run ahead of writes that were taken back; `view` is what is left. */
  afterRollback(view: Writer): void;
}

/** Longest stretch of operations before others get their turn, in milliseconds. */
const STRETCH_MS = 8;
/** A batch that has put so much takes no more operations. */
const BATCH_BYTES = 4 << 20;
/** So much in memory and in the log goes into LMDB's file. */
const CHECKPOINT_BYTES = 8 << 20;
/** Writes wait when so much is on its way into LMDB's file. */
const MOST_BYTES = 40 << 20;
/** How long after a checkpoint that found no room the next one is tried, in milliseconds. */
const RETRY_MS = 1000;
/** Disk space that is left alone, so that what is in the log finds room in LMDB's file. */
const RESERVED_BYTES = 24 << 20;
/** What a disk nearly full still allows: removing. */
const RESERVED_FROM_REMOVALS = 4 << 20;
/** What a checkpoint writes: the pages of the values, and, for each key, of the way to it. */
const PAGE_BYTES_PER_BYTE = 2;
const PAGE_BYTES_PER_WRITE = 8192;

/** The disk that holds the database has no more room. */
export class DiskFull extends Error {
  constructor() {
    super('No space left on the disk of the database');
  }
}

/** What was seen of the disk, and how long that is good. */
interface Disk {
  /** Bytes. */
  readonly free: number;
  /** Bytes of LMDB's file. */
  readonly fileBytes: number;
  readonly until: number;
}

/** How long the room on the disk is taken for what it was: a batch that finds none after all fails, and nothing is lost. */
const DISK_SEEN_MS = 20;

/** Operations whose writes go to disk together. */
interface Batch extends PendingBatch {
  readonly operations: Operation[];
  /** What their callers are told once it is on disk. */
  readonly settle: (() => void)[];
  /** The number of its last write in the table of locks. */
  lastWrite: number;
}

/**
 * Group commit. Every write of the server is an operation run here, one after the other, each seeing what the ones before
 * did. While one batch is on its way to the log the next one gathers; nobody's promise resolves before its batch is
 * synced. Now and then a checkpoint brings what is in the log into LMDB's file.
 */
export class WriteQueue {
  private queue: Operation[] = [];
  private scheduled = false;
  private stopped = false;
  private gathering = emptyBatch(1);
  /** A batch is on its way to the log. */
  private writing = false;
  private checkpointing: Promise<void> | undefined;
  private wantsCheckpoint = false;
  /** The last checkpoint failed. */
  private stuck = false;
  private lastTidied = 0;
  private seenDisk: Disk = { free: 0, fileBytes: 0, until: 0 };
  private readonly writer: PendingWriter;
  private readonly log: WriteAheadLog;
  private readonly checkpointer: Checkpointer;

  constructor(
    private readonly env: Environment,
    private readonly locks: LockTable,
    private readonly hooks: QueueHooks,
  ) {
    this.writer = new PendingWriter(env, locks);
    this.log = new WriteAheadLog(env);
    this.checkpointer = new Checkpointer(env.path);
  }

  /**
   * Runs `operation` in its turn. What it wrote is taken back when it throws. It may run again (after a wait for a lock,
   * or when its batch failed).
   */
  submit<T>(run: (writer: Writer) => T, traits: OperationTraits = {}): Promise<T> {
    if (this.stopped) return Promise.reject(new Error('The database is shutting down'));
    return new Promise<T>((resolve, reject) => {
      this.queue.push({ run, traits, resolve, reject, alone: false } as Operation);
      this.schedule();
    });
  }

  /** Waits until all that is queued is on disk. */
  async idle(): Promise<void> {
    while (this.queue.length > 0 || this.writing || this.gathering.operations.length > 0)
      await new Promise((resolve) => setImmediate(resolve));
  }

  /**
   * Brings all that is acknowledged into LMDB's file, so that a copy of that holds it.
   * @throws DiskFull when that has no room
   */
  async checkpoint(): Promise<void> {
    const { memory } = this.env;
    const target = memory.active;
    const isPending = (): boolean =>
      target === memory.frozen || (target === memory.active && target.bytes > 0);
    while (isPending()) {
      if (this.stuck) throw new DiskFull();
      this.wantsCheckpoint ||= target === memory.active;
      this.send();
      await delay(1);
    }
    if (memory.frozen && this.stuck) throw new DiskFull();
  }

  /** To be called now and then: what was written before the last call and lies still goes into LMDB's file. */
  tidy(): void {
    const { sequence, active } = this.env.memory;
    if (sequence === this.lastTidied && active.bytes > 0) {
      this.wantsCheckpoint = true;
      this.send();
    }
    this.lastTidied = sequence;
  }

  /** Commits what is queued and takes no more. */
  async stop(): Promise<void> {
    await this.idle();
    this.stopped = true;
    await this.checkpoint().catch(() => undefined);
    await this.checkpointer.stop();
    await this.log.rotate();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.runQueued();
    });
  }

  /** Runs operations into the batch that gathers, and sends it off when the log is free. */
  private runQueued(): void {
    const deadline = performance.now() + STRETCH_MS;
    const room = this.room();
    while (this.takesMore() && performance.now() < deadline) {
      const operation = this.queue.shift();
      if (operation) this.runOne(operation, room);
    }
    this.send();
    if (this.takesMore()) this.schedule();
  }

  private takesMore(): boolean {
    const [next] = this.queue;
    if (!next || this.gathering.bytes >= BATCH_BYTES) return false;
    if (this.env.memory.bytes >= MOST_BYTES && !this.stuck) return false;
    const [running] = this.gathering.operations;
    if (next.alone || running?.alone) return !running && !this.writing;
    return true;
  }

  private runOne(operation: Operation, room: number): void {
    const batch = this.gathering;
    const { holder, bytes = 0, frees = false, unsynced = false } = operation.traits;
    const reserved = frees ? RESERVED_FROM_REMOVALS : RESERVED_BYTES;
    if (room - PAGE_BYTES_PER_BYTE * (batch.bytes + bytes) < reserved) {
      operation.reject(new DiskFull());
      return;
    }
    const ran = this.writer.run(operation.run, batch, holder);
    if (ran.ok) batch.lastWrite = this.locks.written(ran.claimed);
    else if (ran.undone) this.hooks.afterRollback(this.writer);
    if (!ran.ok && ran.error instanceof Blocked) {
      void ran.error.holder.ended.then(() => this.requeue(operation));
      return;
    }
    batch.operations.push(operation);
    if (ran.ok && unsynced) operation.resolve(ran.value);
    // What a failed one saw may not be on disk yet: its caller hears of it no sooner than of a success.
    else batch.settle.push(ran.ok ? () => operation.resolve(ran.value) : () => operation.reject(ran.error));
  }

  /** Bytes that the disk will have left when all that is pending is in LMDB's file. */
  private room(): number {
    const { memory } = this.env;
    const { free, fileBytes } = this.disk();
    // No page is written twice, however many of its keys have changed.
    const ways = Math.min(memory.writes * PAGE_BYTES_PER_WRITE, fileBytes);
    return free - memory.bytes * PAGE_BYTES_PER_BYTE - ways;
  }

  private disk(): Disk {
    const now = performance.now();
    if (now < this.seenDisk.until) return this.seenDisk;
    const { path } = this.env;
    const { bavail, bsize } = statfsSync(path);
    const fileBytes = statSync(join(path, DATA_FILE)).size;
    return (this.seenDisk = { free: bavail * bsize, fileBytes, until: now + DISK_SEEN_MS });
  }

  private requeue(operation: Operation): void {
    this.queue.push(operation);
    this.schedule();
  }

  /** Sends the batch that gathered to the log, when that is free. */
  private send(): void {
    if (this.writing) return;
    const batch = this.gathering;
    const { memory } = this.env;
    const freezes =
      !this.checkpointing &&
      memory.active.bytes > 0 &&
      (this.wantsCheckpoint || memory.active.bytes > CHECKPOINT_BYTES);
    if (batch.operations.length === 0 && !freezes) return;
    if (batch.written.length > 0)
      this.writer.run((writer) => this.hooks.beforeCommit(writer), batch, undefined);
    this.gathering = emptyBatch(batch.number + 1);
    if (freezes) memory.freeze();
    if (batch.written.length === 0 && !freezes) {
      for (const tell of batch.settle) tell();
      return;
    }
    this.writing = true;
    void this.write(batch).then(() => {
      this.writing = false;
      this.send();
      if (this.queue.length > 0) this.schedule();
    });
  }

  private async write(batch: Batch): Promise<void> {
    try {
      if (batch.written.length > 0) await this.log.append(encodeRecord(lastWrites(batch)));
      this.env.memory.sequence = batch.number;
      this.locks.committed(batch.lastWrite);
      for (const tell of batch.settle) tell();
    } catch (error) {
      this.failed(batch, error);
    }
    if (!this.env.memory.frozen || this.checkpointing) return;
    this.wantsCheckpoint = false;
    const log = await this.log.rotate();
    if (log === undefined) this.env.memory.frozen = undefined;
    else this.checkpointing = this.bringOver(log);
  }

  /** Nothing of the batch is on disk: its operations, and those that saw what they did, run again. */
  private failed(batch: Batch, cause: unknown): void {
    const [only] = batch.operations;
    const later = this.gathering;
    takeBack(later);
    takeBack(batch);
    this.gathering = emptyBatch(later.number + 1);
    this.hooks.afterRollback(this.writer);
    if (batch.operations.length > 1) {
      for (const operation of batch.operations) operation.alone = true;
      this.queue = [...batch.operations, ...later.operations, ...this.queue];
    } else {
      only?.reject(cause);
      this.queue = [...later.operations, ...this.queue];
    }
  }

  /** Brings a finished file of the log into LMDB's, however often it takes; until then the log keeps it. */
  private async bringOver(log: number): Promise<void> {
    for (;;) {
      try {
        await this.checkpointer.bring(log);
        break;
      } catch (error) {
        if (!this.stuck)
          process.stderr.write(`embedded-mongo: a checkpoint failed: ${(error as Error).message}\n`);
        this.stuck = true;
        if (this.stopped) return;
        await delay(RETRY_MS);
      }
    }
    this.stuck = false;
    this.env.root.resetReadTxn();
    this.env.memory.frozen = undefined;
    this.log.remove(log);
    this.checkpointing = undefined;
    this.send();
    if (this.queue.length > 0) this.schedule();
  }
}

function emptyBatch(number: number): Batch {
  return { number, written: [], bytes: 0, operations: [], settle: [], lastWrite: 0 };
}
