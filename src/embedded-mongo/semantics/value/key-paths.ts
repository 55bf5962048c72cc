import { CommandError } from './command-error';
import type { Document } from './types';
import { field, isDocument, MISSING, plain } from './types';

/** The values of one index or sort key, one per key path; MISSING where the document has no such field. */
export type KeyTuple = unknown[];

/** What a document gives for a list of key paths. */
export interface ExpandedKeys {
  tuples: KeyTuple[];
  /** Paths (prefixes of the key paths) that led through or to an array. */
  arrays: Set<string>;
  /** Whether the tuples are known to differ from each other. */
  distinct: boolean;
}

interface Cursor {
  /** What is left of the path below the current document; none once `value` is fixed. */
  rest: string[];
  done: boolean;
  value: unknown;
  at: string;
}

/**
 * Expands a document into key tuples, one per element of the array on the way (manual: "Multikey Indexes"). An
 * empty array at the end of a path gives undefined; elements that are not documents give nothing below them.
 * @throws CommandError 171 when two paths lead to different arrays
 */
export function expandKeys(document: Document, paths: readonly string[][]): ExpandedKeys {
  const keys: ExpandedKeys = { tuples: [], arrays: new Set(), distinct: true };
  const cursors = paths.map((rest) => ({ rest, done: false, value: MISSING, at: '' }));
  expand(document, cursors, keys);
  return keys;
}

function expand(document: Document, cursors: readonly Cursor[], keys: ExpandedKeys): void {
  let found: { array: unknown[]; at: string } | undefined;
  const next: Cursor[] = [];
  let ends = true;
  for (const cursor of cursors) {
    const step = cursor.done ? cursor : walk(document, cursor);
    next.push(step);
    if (step.done || !Array.isArray(step.value)) continue;
    if (found && found.array !== step.value) throw parallelArrays(step.at, found.at);
    found = { array: step.value, at: step.at };
    ends &&= step.rest.length === 0;
  }
  if (!found) {
    keys.tuples.push(next.map((cursor) => cursor.value));
    return;
  }
  const { array, at } = found;
  keys.distinct &&= ends && array.every((element) => typeof element === 'string');
  keys.arrays.add(at);
  const elements = array.length === 0 ? [undefined] : new Set(array);
  for (const element of elements)
    if (ends) keys.tuples.push(next.map((cursor) => (cursor.done ? cursor.value : element)));
    else expand(isDocument(element) ? plain(element) : {}, enter(next, element), keys);
}

/** Follows the path through documents, to its end or to the first array. */
function walk(document: Document, cursor: Cursor): Cursor {
  let value: unknown = document;
  let at = cursor.at;
  for (let i = 0; i < cursor.rest.length; i++) {
    const name = cursor.rest[i] as string;
    value = isDocument(value) ? field(plain(value), name) : MISSING;
    if (value === MISSING) return { rest: [], done: true, value, at };
    at = at === '' ? name : `${at}.${name}`;
    if (Array.isArray(value)) return { rest: cursor.rest.slice(i + 1), done: false, value, at };
  }
  return { rest: [], done: true, value, at };
}

/** The cursors below one element: those that ended at the array take the element itself. */
function enter(cursors: readonly Cursor[], element: unknown): Cursor[] {
  return cursors.map((cursor) => {
    if (cursor.done) return cursor;
    if (cursor.rest.length === 0) return { ...cursor, done: true, value: element };
    return { ...cursor, value: MISSING };
  });
}

function parallelArrays(a: string, b: string): CommandError {
  const name = (path: string): string => path.slice(path.lastIndexOf('.') + 1);
  return new CommandError(171, `cannot index parallel arrays [${name(a)}] [${name(b)}]`);
}
