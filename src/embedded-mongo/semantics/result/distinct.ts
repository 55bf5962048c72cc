import { arrayIndex, encodeKey, field, isDocument, MISSING, plain } from '../value';
import type { Document } from '../value';

/** Collects the distinct values of one path over documents, in the order in which they first appear. */
export interface DistinctCollector {
  readonly add: (document: Document) => void;
  readonly values: () => unknown[];
}

/** For the command `distinct` (manual: "distinct"): arrays give their elements, equal numbers of all types are one. */
export function distinctCollector(path: string): DistinctCollector {
  const seen = new Map<string, unknown>();
  return {
    add: (document) => {
      for (const value of valuesAlongPath(document, path.split('.'))) {
        const key = encodeKey(value).toString('latin1');
        if (!seen.has(key)) seen.set(key, value);
      }
    },
    values: () => [...seen.values()],
  };
}

/** A numeric component below an array is a position, any other name goes into the documents of the array. */
function valuesAlongPath(container: unknown, parts: readonly string[]): unknown[] {
  const name = parts[0] ?? '';
  const value = Array.isArray(container)
    ? elementAt(container, name)
    : field(plain(container as Document), name);
  if (value === MISSING) return [];
  const rest = parts.slice(1);
  const next = rest[0];
  if (next === undefined) return Array.isArray(value) ? (value as unknown[]) : [value];
  if (isDocument(value)) return valuesAlongPath(value, rest);
  if (!Array.isArray(value)) return [];
  if (/^\d+$/.test(next)) return valuesAlongPath(value, rest);
  return value.flatMap((element: unknown) => (isDocument(element) ? valuesAlongPath(element, rest) : []));
}

function elementAt(array: readonly unknown[], name: string): unknown {
  const index = arrayIndex(name);
  return index >= 0 && index < array.length ? array[index] : MISSING;
}
