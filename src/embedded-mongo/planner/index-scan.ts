import type { CollectionDefinition, IndexDefinition } from '../catalog/definitions';
import type { TableName } from '../storage/environment';
import { isCut, keptPrefix, numberKey } from '../storage/keys';
import { afterPrefix } from '../storage/view';
import type { Condition } from './conditions';
import type { Range } from './ranges';

/** An index a plan may use; the documents themselves are the index on _id. */
export interface UsableIndex {
  readonly name: string;
  readonly table: TableName;
  readonly number: number;
  readonly pattern: IndexDefinition['pattern'];
  readonly unique: boolean;
  readonly sparse: boolean;
  readonly partial: boolean;
  readonly multikeyPaths: readonly string[];
  readonly cutKeys: boolean;
}

export function idIndex(collection: CollectionDefinition): UsableIndex {
  return {
    name: '_id_',
    table: 'documents',
    number: collection.number,
    pattern: [['_id', 1]],
    unique: true,
    sparse: false,
    partial: false,
    multikeyPaths: [],
    cutKeys: false,
  };
}

export function secondaryIndex(index: IndexDefinition): UsableIndex {
  const { name, number, pattern, unique, sparse, partialFilter, multikeyPaths, cutKeys } = index;
  const partial = partialFilter !== undefined;
  return { name, table: 'indexes', number, pattern, unique, sparse, partial, multikeyPaths, cutKeys };
}

/** What bounds one field of an index. */
export interface FieldBounds {
  readonly ranges: readonly Range[];
  /** The conditions that the ranges stand for. */
  readonly conditions: readonly Condition[];
}

export interface Interval {
  readonly low: Buffer;
  readonly high: Buffer;
}

/** A way to read an index. */
export interface IndexScan {
  readonly index: UsableIndex;
  /** Bounds of the leading fields, as many as there are. */
  readonly bounds: readonly FieldBounds[];
  /** Key intervals to read, in ascending order, without overlaps. */
  readonly intervals: readonly Interval[];
  /** The order it gives, where it gives the one that was asked. */
  readonly order: Order | undefined;
}

/** How to read the intervals so that the rows come in order. */
export interface Order {
  readonly reverse: boolean;
  /** The intervals have to be merged: what follows this many leading fields sorts the rows. */
  readonly mergeAfter: number | undefined;
}

/** More intervals than this are not worth their seeks. */
const MOST_INTERVALS = 5000;

/**
 * The bounds without those that make too many intervals: the field where they do is read from its first range to its
 * last, and its conditions are left to be checked on the documents.
 */
export function readableBounds(bounds: readonly FieldBounds[]): readonly FieldBounds[] {
  let intervals = 1;
  for (const [i, { ranges }] of bounds.entries()) {
    intervals *= ranges.length;
    if (intervals > MOST_INTERVALS) return [...bounds.slice(0, i), { ranges: hull(ranges), conditions: [] }];
  }
  return bounds;
}

function hull(ranges: readonly Range[]): Range[] {
  const first = ranges[0];
  const last = ranges.at(-1);
  if (!first || !last) return [];
  return [{ low: first.low, high: last.high, point: false, from: first.from, to: last.to }];
}

/** The intervals that bounds make: points multiply, and the first field that is not of points ends them. */
export function intervalsOf(index: UsableIndex, bounds: readonly FieldBounds[]): Interval[] {
  let prefixes: Buffer[] = [numberKey(index.number)];
  for (const { ranges } of bounds) {
    if (!ranges.every(({ point }) => point)) return spans(prefixes, ranges);
    prefixes = prefixes.flatMap((prefix) => ranges.map(({ low }) => Buffer.concat([prefix, low])));
  }
  return prefixes.map((prefix) => interval(prefix, afterPrefix(prefix)));
}

function spans(prefixes: readonly Buffer[], ranges: readonly Range[]): Interval[] {
  return prefixes.flatMap((prefix) =>
    ranges.map(({ low, high }) => interval(Buffer.concat([prefix, low]), Buffer.concat([prefix, high]))),
  );
}

/** Keys in the file may be cut; bounds are cut likewise, so as to leave none out. */
function interval(low: Buffer, high: Buffer): Interval {
  return {
    low: isCut(low) ? Buffer.from(keptPrefix(low)) : low,
    high: isCut(high) ? afterPrefix(keptPrefix(high)) : high,
  };
}

/** Whether a path goes through an array in this index. */
export function multikeyPathsOf(index: UsableIndex, path: string): string[] {
  return index.multikeyPaths.filter((array) => path === array || path.startsWith(`${array}.`));
}

/**
 * Whether the index, read within these bounds, gives the documents in the order asked: fields bounded to single
 * values do not count, and those bounded to several can be merged. Entries of equal keys lie in the order of _id.
 */
export function orderOf(
  index: UsableIndex,
  bounds: readonly FieldBounds[],
  sort: readonly SortField[],
): Order | undefined {
  if (index.cutKeys) return undefined;
  let points = 0;
  while (points < bounds.length && bounds[points]?.ranges.every(({ point }) => point)) points++;
  for (let fixed = points; fixed >= 0; fixed--) {
    const order = orderAfter(index, bounds, sort, fixed);
    if (order) return order;
  }
  return undefined;
}

export interface SortField {
  readonly path: string;
  readonly descending: boolean;
}

function orderAfter(
  index: UsableIndex,
  bounds: readonly FieldBounds[],
  sort: readonly SortField[],
  fixed: number,
): Order | undefined {
  const single = (i: number): boolean => bounds[i]?.ranges.length === 1;
  const isMultikey = (path: string): boolean => multikeyPathsOf(index, path).length > 0;
  const constant = new Set(
    index.pattern.slice(0, fixed).flatMap(([path], i) => (single(i) && !isMultikey(path) ? [path] : [])),
  );
  const remaining = sort.filter(({ path }) => !constant.has(path));
  const keys: [string, number][] = index.pattern.slice(fixed).map(([path, direction]) => [path, direction]);
  if (!index.unique) keys.push(['_id', 1]);
  let reverse: boolean | undefined;
  for (const [i, { path, descending }] of remaining.entries()) {
    const key = keys[i];
    if (!key || key[0] !== path || isMultikey(path)) return undefined;
    const backwards = descending !== (key[1] === -1);
    if (reverse !== undefined && reverse !== backwards) return undefined;
    reverse = backwards;
  }
  const merge = index.pattern.slice(0, fixed).some((_, i) => !single(i));
  return { reverse: reverse ?? false, mergeAfter: merge && remaining.length > 0 ? fixed : undefined };
}
