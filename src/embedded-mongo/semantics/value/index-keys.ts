import { CommandError, notSupported } from './command-error';
import { encodeCompoundKeys } from './encode-key';
import { expandKeys } from './key-paths';
import { numericOf, toDouble } from './numbers';
import type { Document } from './types';
import { arrayIndex, isNumber, MISSING } from './types';

/** An index's key pattern, parsed once. */
export interface KeyPattern {
  readonly fields: readonly string[];
  readonly paths: readonly string[][];
  readonly descending: readonly boolean[];
}

/** The index entries of one document. */
export interface IndexKeys {
  /** Without duplicates, in no particular order. */
  keys: Buffer[];
  /** The paths that are arrays (also empty ones, or of a single element), e.g. `['a', 'a.b']`. */
  multikeyPaths: string[];
}

const patterns = new WeakMap<object, KeyPattern>();

/**
 * Parses `{ field: 1 | -1, ... }`; the result is remembered for the same object.
 * @throws CommandError 67 for what is no such pattern, 238 for text, geo, hashed, wildcard and positional keys
 */
export function parseKeyPattern(pattern: Document): KeyPattern {
  const known = patterns.get(pattern);
  if (known) return known;
  const fields = Object.keys(pattern);
  if (fields.length === 0) throw new CommandError(67, 'Index keys cannot be an empty object');
  const descending = fields.map((name) => keyDirection(name, pattern[name]) < 0);
  const parsed = { fields, paths: fields.map((name) => name.split('.')), descending };
  patterns.set(pattern, parsed);
  return parsed;
}

function keyDirection(name: string, direction: unknown): number {
  if (typeof direction === 'string') throw notSupported(`Index type '${direction}'`);
  const number = isNumber(direction) ? toDouble(numericOf(direction)) : 0;
  if (number === 0 || Number.isNaN(number))
    throw new CommandError(
      67,
      `Values in v:2 index key pattern must be numbers > 0 or < 0, or strings: field '${name}'`,
    );
  const components = name.split('.');
  if (components.includes(''))
    throw new CommandError(67, `Index keys cannot contain an empty field: '${name}'`);
  if (components.some((part) => part.startsWith('$')))
    throw name.includes('$**')
      ? notSupported('A wildcard index')
      : new CommandError(
          67,
          `Index key contains an illegal field name: field name starts with '$': '${name}'`,
        );
  if (components.some((part) => arrayIndex(part) >= 0))
    throw notSupported(`An index on an array position ('${name}')`);
  return number;
}

/**
 * The keys a document has in an index (manual: "Indexes", "Multikey Indexes", "Sparse Indexes"). A missing field
 * is null, an empty array undefined; a sparse index leaves out entries all of whose fields are missing.
 * @throws CommandError 171 when two fields lead to different arrays
 */
export function indexKeys(
  document: Document,
  pattern: Document,
  options: { sparse?: boolean } = {},
): IndexKeys {
  const { paths, descending } = parseKeyPattern(pattern);
  const { tuples, arrays, distinct } = expandKeys(document, paths);
  const kept = options.sparse ? tuples.filter((tuple) => tuple.some((value) => value !== MISSING)) : tuples;
  for (const tuple of kept) for (let i = 0; i < tuple.length; i++) if (tuple[i] === MISSING) tuple[i] = null;
  const keys = encodeCompoundKeys(kept, descending);
  return { keys: distinct ? keys : unique(keys), multikeyPaths: [...arrays] };
}

function unique(keys: Buffer[]): Buffer[] {
  if (keys.length < 2) return keys;
  const seen = new Map<string, Buffer>();
  for (const key of keys) seen.set(key.toString('latin1'), key);
  return [...seen.values()];
}
