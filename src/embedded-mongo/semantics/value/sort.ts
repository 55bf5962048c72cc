import { CommandError, notSupported } from './command-error';
import { compareBson } from './compare';
import { expandKeys } from './key-paths';
import { numericOf, toDouble } from './numbers';
import type { Document } from './types';
import { isDocument, isNumber, MISSING, plain } from './types';

/** A compiled sort: take the key of each document once, then order keys. */
export interface Sort {
  readonly fields: readonly { readonly path: string; readonly descending: boolean }[];
  /** @throws CommandError 2 when two sort fields lead to different arrays */
  readonly keyOf: (document: Document) => readonly unknown[];
  readonly compareKeys: (a: readonly unknown[], b: readonly unknown[]) => number;
}

/**
 * Compiles `{ field: 1 | -1, ... }` (manual: "Sort"). A missing field sorts as null, an empty array below it; an
 * array by its least element ascending and its greatest descending. Equal documents keep their order if the sort
 * that uses the comparison is stable (`Array.prototype.sort` is).
 * @throws CommandError 15974, 15975 as MongoDB; 238 for `$meta`
 */
export function compileSort(spec: Document): Sort {
  const fields = Object.entries(spec).map(([path, order]) => ({
    path,
    descending: direction(path, order) < 0,
  }));
  const paths = fields.map(({ path }) => path.split('.'));
  const compareKeys = (a: readonly unknown[], b: readonly unknown[]): number => {
    for (let i = 0; i < fields.length; i++) {
      const order = compareBson(a[i], b[i]);
      if (order !== 0) return fields[i]?.descending ? -order : order;
    }
    return 0;
  };
  const keyOf = (document: Document): readonly unknown[] => {
    const tuples = expand(document, paths);
    let least: unknown[] | undefined;
    for (const tuple of tuples) {
      const key = tuple.map((value) => (value === MISSING ? null : value));
      if (!least || compareKeys(key, least) < 0) least = key;
    }
    return least ?? [];
  };
  return { fields, keyOf, compareKeys };
}

function expand(document: Document, paths: readonly string[][]): unknown[][] {
  try {
    return expandKeys(document, paths).tuples;
  } catch (error) {
    if (error instanceof CommandError && error.code === 171)
      throw new CommandError(2, 'cannot sort with keys that are parallel arrays');
    throw error;
  }
}

function direction(path: string, order: unknown): number {
  if (isDocument(order) && '$meta' in plain(order)) throw notSupported('Sorting by $meta');
  if (!isNumber(order)) throw new CommandError(15974, `Illegal key in $sort specification: ${path}`);
  const parts = path.split('.');
  if (parts.includes('')) throw new CommandError(15998, 'FieldPath field names may not be empty strings.');
  if (parts.some((part) => part.startsWith('$')))
    throw new CommandError(
      16410,
      "FieldPath field names may not start with '$'. Consider using $getField or $setField.",
    );
  const number = toDouble(numericOf(order));
  if (number !== 1 && number !== -1)
    throw new CommandError(15975, '$sort key ordering must be 1 (for ascending) or -1 (for descending)');
  return number;
}
