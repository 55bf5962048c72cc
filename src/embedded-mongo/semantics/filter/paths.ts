import type { Document } from '../value';
import { arrayIndex, field, isDocument, MISSING, plain } from '../value';

/** Where a filter matched: the index in the outermost array that it went through, for the positional operator `$`. */
export interface MatchDetails {
  position: number | undefined;
}

/** A test of one value; missing fields are tested as MISSING. */
export type ValueTest = (value: unknown, details: MatchDetails | undefined) => boolean;

/** A path, split once. */
export interface MatchPath {
  readonly parts: readonly string[];
  readonly indexes: readonly number[];
  /** Whether an array at the end is tested as a whole only ($size, $elemMatch), not its elements as well. */
  readonly whole: boolean;
}

/** Splits a dotted path for {@link matchPath}. */
export function matchablePath(path: string, whole: boolean): MatchPath {
  const parts = path.split('.');
  return { parts, indexes: parts.map(arrayIndex), whole };
}

/**
 * Whether any value at the path passes (manual: "Query an Array", "Query on Nested Field"): paths go through
 * arrays, into each document in them and, for a numeric component, to the element at that position; at the end, an
 * array's elements are tested and then the array itself. A path that ends early is tested as MISSING, but an array
 * without documents on the way gives nothing to test.
 */
export function matchPath(
  document: Document,
  path: MatchPath,
  from: number,
  test: ValueTest,
  details: MatchDetails | undefined,
): boolean {
  let current = document;
  const last = path.parts.length - 1;
  for (let i = from; ; i++) {
    const value = field(current, path.parts[i] as string);
    if (Array.isArray(value)) return matchArray(value, path, i + 1, test, details);
    if (i === last) return test(value, details);
    if (!isDocument(value)) return test(MISSING, details);
    current = plain(value);
  }
}

function matchArray(
  array: unknown[],
  path: MatchPath,
  from: number,
  test: ValueTest,
  details: MatchDetails | undefined,
): boolean {
  if (from === path.parts.length) return matchLeaf(array, path, test, details);
  const index = path.indexes[from];
  for (let i = 0; i < array.length; i++) {
    const element = array[i];
    if (isDocument(element) && matchPath(plain(element), path, from, test, details)) return found(details, i);
    if (i === index && matchElement(element, path, from + 1, test, details)) return true;
  }
  return false;
}

/** The element that a numeric component names: at the end of the path it is tested as it is, also an array. */
function matchElement(
  element: unknown,
  path: MatchPath,
  from: number,
  test: ValueTest,
  details: MatchDetails | undefined,
): boolean {
  if (from === path.parts.length) return test(element, details);
  if (isDocument(element)) return matchPath(plain(element), path, from, test, details);
  return Array.isArray(element) && matchArray(element, path, from, test, details);
}

function matchLeaf(
  array: unknown[],
  path: MatchPath,
  test: ValueTest,
  details: MatchDetails | undefined,
): boolean {
  if (!path.whole)
    for (let i = 0; i < array.length; i++) if (test(array[i], details)) return found(details, i);
  return test(array, details);
}

function found(details: MatchDetails | undefined, index: number): true {
  if (details) details.position = index;
  return true;
}
