import type { TableName } from './environment';
import { SortedKeys } from './sorted-keys';
import type { Chunk, Entry, KeyRange, View } from './view';

/** A value that is to lie over the file's; null: the key is removed. */
export interface Change {
  readonly value: Buffer | null;
}

/** Changed keys of one table (as latin1 strings, whose order is the order of their bytes) that are not in the file yet. */
export class Changes<T extends Change> {
  private readonly values = new Map<string, T>();
  /** Sorted when somebody reads a range, which few writes do. */
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

  entries(): IterableIterator<[string, T]> {
    return this.values.entries();
  }

  /** Keys from `low` (inclusive) to `high` (exclusive). */
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

/** A range of the file with the changes laid over it. `base` reads the file. */
export function layeredRange(
  base: (range: KeyRange) => Chunk,
  changes: Changes<Change>,
  range: KeyRange,
): Chunk {
  const chunk = base(range);
  if (changes.size === 0) return chunk;
  const { entries, complete } = chunk;
  // A base chunk that is not complete says nothing about what lies beyond its last key: merging stops there.
  const last = complete ? undefined : entries.at(-1)?.key;
  const { low, high } = narrow(range, last);
  const reverse = Boolean(range.reverse);
  const own = changes.between(low.toString('latin1'), high.toString('latin1'), reverse);
  if (own.length === 0) return chunk;
  const merged = merge(entries, own, changes, reverse);
  // All of a full chunk may have been removed: go on, lest the scan take it for the end.
  if (merged.length === 0 && last) return layeredRange(base, changes, beyond(range, last));
  return { entries: merged, complete };
}

/** How many keys there are with the changes laid over the file, counting no further than `most`. */
export function layeredCount(
  base: Pick<View, 'get' | 'countUpTo'>,
  changes: Changes<Change>,
  { table, low, high, most }: { table: TableName; low: Buffer; high: Buffer; most: number },
): number {
  if (changes.size === 0) return base.countUpTo(table, low, high, most);
  const own = changes.between(low.toString('latin1'), high.toString('latin1'), false);
  let count = base.countUpTo(table, low, high, most + own.length);
  for (const name of own) {
    const existed = base.get(table, Buffer.from(name, 'latin1')) !== undefined;
    const exists = changes.get(name)?.value != null;
    count += Number(exists) - Number(existed);
  }
  return Math.min(most, count);
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
  base: readonly Entry[],
  own: readonly string[],
  changes: Changes<Change>,
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
    const value = changes.get(name)?.value;
    if (value) merged.push({ key: Buffer.from(name, 'latin1'), value });
  }
}
