import { CommandError } from './command-error';
import type { Document } from './types';
import { field, isDocument, MISSING } from './types';

/** The values of one index or sort key, one per key path; MISSING where the document has no such field. */
export type KeyTuple = unknown[];

/** What a document gives for a list of key paths. */
export interface ExpandedKeys {
  tuples: KeyTuple[];
  /** Paths (prefixes of the key paths) that led through or to an array. */
  arrays: Set<string>;
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
  const arrays = new Set<string>();
  const cursors = paths.map((rest) => ({ rest, done: false, value: MISSING, at: '' }));
  return { tuples: expand(document, cursors, arrays), arrays };
}

function expand(document: Document, cursors: Cursor[], arrays: Set<string>): KeyTuple[] {
  let found: { array: unknown[]; at: string } | undefined;
  const next = cursors.map((cursor) => {
    if (cursor.done) return cursor;
    const step = walk(document, cursor);
    if (Array.isArray(step.value) && !step.done) {
      if (found && found.array !== step.value) throw parallelArrays(step.at, found.at);
      found = { array: step.value, at: step.at };
    }
    return step;
  });
  if (!found) return [next.map((cursor) => cursor.value)];
  const { array, at } = found;
  arrays.add(at);
  if (array.length === 0) return expand({}, enter(next, array, undefined), arrays);
  return array.flatMap((element) =>
    expand(isDocument(element) ? element : {}, enter(next, array, element), arrays),
  );
}

/** Follows the path through documents, to its end or to the first array. */
function walk(document: Document, cursor: Cursor): Cursor {
  let value: unknown = document;
  let at = cursor.at;
  for (let i = 0; i < cursor.rest.length; i++) {
    const name = cursor.rest[i] as string;
    value = isDocument(value) ? field(value, name) : MISSING;
    if (value === MISSING) return { rest: [], done: true, value, at };
    at = at === '' ? name : `${at}.${name}`;
    if (Array.isArray(value)) return { rest: cursor.rest.slice(i + 1), done: false, value, at };
  }
  return { rest: [], done: true, value, at };
}

/** The cursors below one element: those that ended at the array take the element itself. */
function enter(cursors: Cursor[], array: unknown[], element: unknown): Cursor[] {
  return cursors.map((cursor) => {
    if (cursor.done || cursor.value !== array) return cursor;
    if (cursor.rest.length === 0) return { ...cursor, done: true, value: element };
    return { ...cursor, value: MISSING };
  });
}

function parallelArrays(a: string, b: string): CommandError {
  const name = (path: string): string => path.slice(path.lastIndexOf('.') + 1);
  return new CommandError(171, `cannot index parallel arrays [${name(a)}] [${name(b)}]`);
}
