import type { TableName } from './environment';
import { SortedKeys } from './sorted-keys';
import type { Chunk, Counted, Entry, KeyRange, View } from './view';

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

  /** Names from `low` (inclusive) to `high` (exclusive). */
  between(low: string, high: string, reverse: boolean): string[] {
    if (!this.sorted) {
      this.sorted = new SortedKeys();
      this.unsorted = [...this.values.keys()].sort();
    }
    for (const name of this.unsorted) this.sorted.add(name);
    this.unsorted = [];
    return [...this.sorted.between(low, high, reverse)];
  }
}

/** Changes of one table as somebody sees them. */
export interface Layer {
  readonly size: number;
  get(name: string): Change | undefined;
  between(low: string, high: string, reverse: boolean): string[];
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

function namesIn(layer: Layer, low: Buffer, high: Buffer, reverse: boolean): string[] {
  return layer
    .between(low.toString('latin1'), high.toString('latin1'), reverse)
    .filter((name) => layer.get(name) !== undefined);
}

function layeredRange(base: TableReader, layer: Layer, table: TableName, range: KeyRange): Chunk {
  const chunk = base.range(table, range);
  const { entries, complete } = chunk;
  // A base chunk that is not complete says nothing about what lies beyond its last key: merging stops there.
  const last = complete ? undefined : entries.at(-1)?.key;
  const { low, high } = narrow(range, last);
  const reverse = Boolean(range.reverse);
  const own = namesIn(layer, low, high, reverse);
  if (own.length === 0) return chunk;
  const merged = merge(entries, own, layer, reverse);
  // All of a full chunk may have been removed: go on, lest the scan take it for the end.
  if (merged.length === 0 && last) return layeredRange(base, layer, table, beyond(range, last));
  return { entries: merged, complete };
}

/** Counts as far as `most` keys of the base or of the layer reach. */
function layeredCount(
  base: TableReader,
  layer: Layer,
  { table, low, high, most }: { table: TableName; low: Buffer; high: Buffer; most: number },
): Counted {
  const own = namesIn(layer, low, high, false);
  const beyondOwn = own[most];
  const below = base.countKeys(table, low, beyondOwn === undefined ? high : keyOf(beyondOwn), most);
  const next = below.next ?? (beyondOwn === undefined ? undefined : keyOf(beyondOwn));
  const end = next?.toString('latin1');
  let { count } = below;
  for (const name of own) {
    if (end !== undefined && name >= end) break;
    const existed = base.get(table, keyOf(name)) !== undefined;
    const exists = layer.get(name)?.value instanceof Buffer;
    count += Number(exists) - Number(existed);
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

function merge(base: readonly Entry[], own: readonly string[], layer: Layer, reverse: boolean): Entry[] {
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
    const value = layer.get(name)?.value;
    if (value) merged.push({ key: keyOf(name), value });
  }
}
