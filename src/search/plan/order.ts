/**
 * Order and pages. A page begins behind the sort values and the id of the last row before it, so page 1,000 costs
 * what page 1 costs, and rows written meanwhile move nothing (https://hl7.org/fhir/R4/search.html#sort).
 */
import { ProblemError } from '../../fhir';
import type { SortKey, SortValue } from '../types';
import type { Filter } from './filter';

/** One field that a search is ordered by. */
export interface OrderField {
  path: string;
  descending: boolean;
}

/** Where a page begins: a row, and which side of it. */
export interface Position {
  side: 'after' | 'before';
  /** Of each order field; null when the row has no value. */
  values: readonly (SortValue | null)[];
  id: string;
  /** The row's type, in searches over several. */
  type?: string;
}

const LAST_UPDATED = 'lastUpdated';

function pathOf(key: string): string {
  if (key === '_id') return '_id';
  return key === '_lastUpdated' ? LAST_UPDATED : `sort.${key}`;
}

/** The fields of a search's order; the id always comes last, so that no two rows are equal. */
export function orderOf(sort: readonly SortKey[]): OrderField[] {
  const fields: OrderField[] = [];
  for (const { keys, descending } of sort) {
    for (const key of keys) {
      const path = pathOf(key);
      if (!fields.some((field) => field.path === path)) fields.push({ path, descending });
      if (path === '_id') return fields;
    }
  }
  // In the first field's direction, so that an index serves both ways.
  return [...fields, { path: '_id', descending: fields[0]?.descending ?? false }];
}

export function reversed(order: readonly OrderField[]): OrderField[] {
  return order.map(({ path, descending }) => ({ path, descending: !descending }));
}

export function sortOf(order: readonly OrderField[]): Record<string, 1 | -1> {
  return Object.fromEntries(order.map(({ path, descending }) => [path, descending ? -1 : 1]));
}

/** A row's value of an order field; null when it has none. */
export function sortValueOf(document: Filter, { path }: OrderField): SortValue | null {
  if (path === LAST_UPDATED) return (document[LAST_UPDATED] as Date).getTime();
  const sort = (document['sort'] ?? {}) as Record<string, SortValue>;
  return sort[path.slice('sort.'.length)] ?? null;
}

function stored(path: string, value: SortValue): SortValue | Date {
  return path === LAST_UPDATED && typeof value === 'number' ? new Date(value) : value;
}

/** Rows with the same value. What is equal to null has no value: the index has an entry for that. */
function same({ path }: OrderField, value: SortValue | null): Filter {
  return { [path]: value === null ? null : stored(path, value) };
}

/** The least number and the least text: what an index begins with behind the rows that have no value. */
const LEAST = [-Infinity, ''] as const;

/** Rows that come later by this field, in order; rows without a value come first ascending and last descending. */
function later({ path, descending }: OrderField, value: SortValue | null): Filter[] {
  if (value === null) return descending ? [] : LEAST.map((least) => ({ [path]: { $gte: least } }));
  const at = stored(path, value);
  if (!descending) return [{ [path]: { $gt: at } }];
  const lower: Filter = { [path]: { $lt: at } };
  return path === '_id' || path === LAST_UPDATED ? [lower] : [lower, { [path]: null }];
}

/**
 * The rows behind a position, as filters to be asked one after the other: each is one stretch of an index that serves
 * the order, where an `$or` of them would be read from the beginning. `inclusive`: also the row with these very values
 * and id.
 */
export function behind(order: readonly OrderField[], { values, id }: Position, inclusive = false): Filter[] {
  const stretches: Filter[] = [];
  const equal: Filter[] = [];
  order.forEach((field, i) => {
    const isId = field.path === '_id';
    const value = isId ? id : (values[i] ?? null);
    const next =
      isId && inclusive ? [{ _id: { [field.descending ? '$lte' : '$gte']: id } }] : later(field, value);
    stretches.unshift(...next.map((one) => (equal.length === 0 ? one : { $and: [...equal, one] })));
    if (!isId) equal.push(same(field, value));
  });
  return stretches;
}

export function encodePosition(position: Position): string {
  const { side, values, id, type } = position;
  return Buffer.from(JSON.stringify([side === 'after' ? 1 : 0, id, values, type ?? null])).toString(
    'base64url',
  );
}

/** @throws ProblemError 400 for a cursor that is not one of ours, or of a search ordered otherwise. */
export function decodePosition(cursor: string, fields: number): Position {
  try {
    const [side, id, values, type] = JSON.parse(
      Buffer.from(cursor, 'base64url').toString('utf8'),
    ) as unknown[];
    const isRow = typeof id === 'string' && Array.isArray(values) && values.length === fields;
    if (
      isRow &&
      values.every((value) => value === null || typeof value === 'string' || typeof value === 'number')
    ) {
      const position: Position = { side: side === 1 ? 'after' : 'before', id, values: values as SortValue[] };
      return typeof type === 'string' ? { ...position, type } : position;
    }
  } catch {
    // Not ours: said below.
  }
  throw new ProblemError('malformed', 'The parameter _cursor is not one that this search was answered with.');
}
