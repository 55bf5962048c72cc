import { CHUNK_BYTES, type Chunk, type Counted, type Entry, type KeyRange } from './chunk';
import type { TableName } from './environment';
import { SortedKeys } from './sorted-keys';
import type { View } from './view';

/** A value that lies over the file's; null: the key is removed. */
export interface Change {
  readonly value: Buffer | null;
}

/** Keys by name (latin1 strings, whose order is the order of their bytes), sorted when somebody reads a range. */
export class Changes<T extends Change> {
  private readonly values = new Map<string, T>();
  private sorted: SortedKeys | undefined;
  private unsorted: string[] = [];

  get size(): number {
    return this.values.size;
  }

  get(name: string): T | undefined {
    return this.values.get(name);
  }

  set(name: string, change: T): void {
    if (this.sorted && !this.values.has(name)) this.unsorted.push(name);
    this.values.set(name, change);
  }

  delete(name: string): void {
    this.values.delete(name);
    this.sorted = undefined;
    this.unsorted = [];
  }

  changes(): IterableIterator<T> {
    return this.values.values();
  }

  /** Names from `low` (inclusive) to `high` (exclusive), looked up as they are taken. */
  between(low: string, high: string, reverse: boolean): Iterable<string> {
    if (!this.sorted) {
      this.sorted = new SortedKeys();
      this.unsorted = [...this.values.keys()].sort();
    }
    for (const name of this.unsorted) this.sorted.add(name);
    this.unsorted = [];
    return this.sorted.between(low, high, reverse);
  }
}

/** Changes of one table as somebody sees them. */
export interface Layer {
  readonly size: number;
  get(name: string): Change | undefined;
  /** To be taken before anything else is changed. */
  between(low: string, high: string, reverse: boolean): Iterable<string>;
}

/** What a table looks like to its reader. */
export type TableReader = Pick<View, 'get' | 'range' | 'countKeys'>;

/** The table below with a layer of changes over it. */
export function withLayer(base: TableReader, layer: Layer): TableReader {
  if (layer.size === 0) return base;
  return {
    get: (table, key) => {
      const own = layer.get(key.toString('latin1'));
      return own === undefined ? base.get(table, key) : (own.value ?? undefined);
    },
    range: (table, range) => layeredRange(base, layer, table, range),
    countKeys: (table, low, high, most) => layeredCount(base, layer, { table, low, high, most }),
  };
}

type Named = readonly [name: string, change: Change];

/** What the reader sees of a layer in a range, one by one: a layer may hold a million keys of which a page is wanted. */
function* changesIn(layer: Layer, low: Buffer, high: Buffer, reverse: boolean): Generator<Named, void, void> {
  for (const name of layer.between(low.toString('latin1'), high.toString('latin1'), reverse)) {
    const change = layer.get(name);
    if (change !== undefined) yield [name, change];
  }
}

function layeredRange(base: TableReader, layer: Layer, table: TableName, range: KeyRange): Chunk {
  const chunk = base.range(table, range);
  // A base chunk that is not complete says nothing about what lies beyond its last key: merging stops there.
  const last = chunk.complete ? undefined : chunk.entries.at(-1)?.key;
  const { low, high } = narrow(range, last);
  const merged = merge(chunk, changesIn(layer, low, high, Boolean(range.reverse)), range);
  // All of a full chunk may have been removed: go on, lest the scan take it for the end.
  if (merged.entries.length === 0 && last) return layeredRange(base, layer, table, beyond(range, last));
  return merged;
}

/** Counts as far as `most` keys of the base or of the layer reach. */
function layeredCount(
  base: TableReader,
  layer: Layer,
  { table, low, high, most }: { table: TableName; low: Buffer; high: Buffer; most: number },
): Counted {
  const own: Named[] = [];
  let beyondOwn: string | undefined;
  for (const named of changesIn(layer, low, high, false)) {
    if (own.length === most) {
      [beyondOwn] = named;
      break;
    }
    own.push(named);
  }
  const below = base.countKeys(table, low, beyondOwn === undefined ? high : keyOf(beyondOwn), most);
  const next = below.next ?? (beyondOwn === undefined ? undefined : keyOf(beyondOwn));
  const end = next?.toString('latin1');
  let { count } = below;
  for (const [name, { value }] of own) {
    if (end !== undefined && name >= end) break;
    const existed = base.get(table, keyOf(name)) !== undefined;
    count += Number(value !== null) - Number(existed);
  }
  return { count, next };
}

const keyOf = (name: string): Buffer => Buffer.from(name, 'latin1');

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

/** The base's chunk with the layer's changes of the same stretch; it ends where it is as large as a chunk may be. */
function merge(chunk: Chunk, changes: Generator<Named>, { limit, reverse }: KeyRange): Chunk {
  let own = changes.next();
  if (own.done) return chunk;
  const entries: Entry[] = [];
  let bytes = 0;
  const isFull = (): boolean => entries.length >= limit || bytes > CHUNK_BYTES;
  const add = (entry: Entry): void => {
    entries.push(entry);
    bytes += entry.value.length;
  };
  const addOwn = ([name, { value }]: Named): void => {
    if (value !== null) add({ key: keyOf(name), value });
    own = changes.next();
  };
  for (const entry of chunk.entries) {
    const key = entry.key.toString('latin1');
    while (!own.done && (reverse ? own.value[0] > key : own.value[0] < key)) {
      if (isFull()) return { entries, complete: false };
      addOwn(own.value);
    }
    if (isFull()) return { entries, complete: false };
    if (own.done || own.value[0] !== key) add(entry);
    else addOwn(own.value);
  }
  while (!own.done) {
    if (isFull()) return { entries, complete: false };
    addOwn(own.value);
  }
  return { entries, complete: chunk.complete };
}
