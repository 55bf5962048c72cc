import type { Transaction } from 'lmdb';
import type { TableReader } from './changes';
import { CHUNK_BYTES, type Chunk, type Counted, type Entry, type KeyRange } from './chunk';
import type { Environment, TableName } from './environment';
import type { MemoryState } from './memtable';
import { overMemory, versionOf } from './memtable';

/** What a command reads from: the latest commit, a transaction's snapshot with its own writes, or a write batch. */
export interface View {
  get(table: TableName, key: Buffer): Buffer | undefined;
  range(table: TableName, range: KeyRange): Chunk;
  /** How many keys lie from `low` (inclusive) to `high` (exclusive), looking at about `most` of them. */
  countKeys(table: TableName, low: Buffer, high: Buffer, most: number): Counted;
  /** Indexes that became ready after this number are not complete in this view. */
  readonly catalogAt: number;
  /** Keeps the present snapshot over a pause of the caller. */
  pin(): void;
  /** Lets go of the snapshot; the next read sees the latest commit. */
  release(): void;
}

/** A view that can be written to. */
export interface Writer extends View {
  put(table: TableName, key: Buffer, value: Buffer): void;
  remove(table: TableName, key: Buffer): void;
  /** Says, before anything is put, that the document or unique key named by `key` is about to change. */
  claim(table: TableName, key: Buffer): void;
}

/** Reads one chunk straight from LMDB. */
function readRange(env: Environment, table: TableName, range: KeyRange, transaction?: Transaction): Chunk {
  const { low, high, reverse, limit } = range;
  const entries: Entry[] = [];
  if (low.compare(high) >= 0) return { entries, complete: true };
  const options = {
    ...(reverse
      ? { start: high, end: low, reverse: true, inclusiveEnd: true, exclusiveStart: true }
      : { start: low, end: high }),
    limit,
    ...(transaction ? { transaction } : {}),
  };
  let bytes = 0;
  for (const { key, value } of env.tables[table].getRange(options)) {
    entries.push({ key, value: asBuffer(value) });
    bytes += value.length;
    if (bytes > CHUNK_BYTES) return { entries, complete: false };
  }
  return { entries, complete: entries.length < limit };
}

/** Counts natively, which costs about 0.2 us a key. */
function countKeys(
  env: Environment,
  table: TableName,
  low: Buffer,
  high: Buffer,
  most: number,
  transaction?: Transaction,
): Counted {
  if (most <= 0) return { count: 0, next: low };
  if (low.compare(high) >= 0) return { count: 0, next: undefined };
  const options = { start: low, end: high, ...(transaction ? { transaction } : {}) };
  const store = env.tables[table];
  const [next] = store.getKeys({ ...options, offset: most, limit: 1 });
  return next ? { count: most, next } : { count: store.getKeysCount(options), next: undefined };
}

type GetBinary = (key: Buffer, options?: { transaction: Transaction }) => Uint8Array | undefined;

/** `getBinary` takes a transaction; lmdb's types do not say so. */
function readValue(
  env: Environment,
  table: TableName,
  key: Buffer,
  transaction?: Transaction,
): Uint8Array | undefined {
  const store = env.tables[table];
  return (store.getBinary as GetBinary).call(store, key, transaction ? { transaction } : undefined);
}

/** lmdb returns Uint8Array slices; everything here speaks Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The latest commit. Commits are seen only between turns of the event loop, so a stretch without a pause sees one state;
 * `pin` keeps that state over a pause.
 */
export class SnapshotView implements View {
  private pinned: { transaction: Transaction; memory: MemoryState } | undefined;

  readonly catalogAt = Number.POSITIVE_INFINITY;

  /** @param present what it sees of the memtable while it is not pinned */
  constructor(
    private readonly env: Environment,
    private readonly present: MemoryState = env.memory,
  ) {}

  get(table: TableName, key: Buffer): Buffer | undefined {
    const version = versionOf(this.pinned?.memory ?? this.present, table, key);
    return version ? (version.value ?? undefined) : this.read(table, key);
  }

  range(table: TableName, range: KeyRange): Chunk {
    return this.reader(table).range(table, range);
  }

  countKeys(table: TableName, low: Buffer, high: Buffer, most: number): Counted {
    return this.reader(table).countKeys(table, low, high, most);
  }

  pin(): void {
    if (this.pinned) return;
    const { frozen, active, sequence } = this.present;
    const transaction = this.env.root.useReadTransaction();
    this.pinned = { transaction, memory: { frozen, active, sequence } };
    // LMDB takes the snapshot with the first read.
    this.read('catalog', FIRST_READ);
  }

  release(): void {
    this.pinned?.transaction.done();
    this.pinned = undefined;
  }

  private read(table: TableName, key: Buffer): Buffer | undefined {
    const value = readValue(this.env, table, key, this.pinned?.transaction);
    return value === undefined ? undefined : asBuffer(value);
  }

  private reader(table: TableName): TableReader {
    const file: TableReader = {
      get: (_, key) => this.read(table, key),
      range: (_, range) => readRange(this.env, table, range, this.pinned?.transaction),
      countKeys: (_, low, high, most) =>
        countKeys(this.env, table, low, high, most, this.pinned?.transaction),
    };
    return overMemory(file, this.pinned?.memory ?? this.present, table);
  }
}

const FIRST_READ = Buffer.from('n');

/** Size of the next chunk of a scan: small at first, since most queries end early. */
const FIRST_CHUNK = 24;
const LARGEST_CHUNK = 512;

/** All entries of a range, read in growing chunks, so that no LMDB cursor stays open while the consumer pauses. */
export function* scanRange(
  view: View,
  table: TableName,
  low: Buffer,
  high: Buffer,
  reverse = false,
): Generator<Entry, void, void> {
  let size = FIRST_CHUNK;
  for (let from = low, to = high; ; size = Math.min(size * 4, LARGEST_CHUNK)) {
    const { entries, complete } = view.range(table, { low: from, high: to, reverse, limit: size });
    yield* entries;
    const last = entries.at(-1);
    if (complete || !last) return;
    if (reverse) to = last.key;
    else from = successor(last.key);
  }
}

/** The smallest key greater than `key`. */
export function successor(key: Buffer): Buffer {
  const next = Buffer.allocUnsafe(key.length + 1);
  key.copy(next);
  next[key.length] = 0;
  return next;
}

/** The smallest key greater than every key that begins with `prefix`. */
export function afterPrefix(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  for (let i = end.length - 1; i >= 0; i--) {
    const byte = end[i] ?? 0;
    if (byte < 0xff) {
      end[i] = byte + 1;
      return end.subarray(0, i + 1);
    }
  }
  return Buffer.alloc(64, 0xff);
}
