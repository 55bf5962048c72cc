import type { CollectionDefinition, IndexDefinition } from '../catalog/definitions';
import { keyDocument } from '../catalog/definitions';
import type { Document } from '../semantics';
import { compileFilter, indexKeys, parseFilter } from '../semantics';
import { indexEntry, shortenIndexKey } from './keys';
import { fieldsOfFilter, topLevel } from './partial';

/** One entry a document has in an index. */
export interface PlacedEntry {
  index: IndexDefinition;
  key: Buffer;
  value: Buffer;
}

interface Compiled {
  pattern: Document;
  /** The top-level fields that it looks at; undefined: all. */
  fields: ReadonlySet<string> | undefined;
  covers: (document: Document) => boolean;
}

const compiled = new WeakMap<IndexDefinition['pattern'], Compiled>();

function compile(index: IndexDefinition): Compiled {
  const known = compiled.get(index.pattern);
  if (known) return known;
  const filter = parseFilter(index.partialFilter ?? {});
  const covers = index.partialFilter ? compileFilter(filter) : () => true;
  const filtered = fieldsOfFilter(filter);
  const fields = filtered && new Set([...filtered, ...index.pattern.map(([path]) => topLevel(path))]);
  const made = { pattern: keyDocument(index), fields, covers };
  compiled.set(index.pattern, made);
  return made;
}

/** Told when an index meets its first array on a path, or its first key too long to be kept whole. */
export type OnIndexTrait = (
  collection: CollectionDefinition,
  index: IndexDefinition,
  paths: readonly string[],
  cut: boolean,
) => void;

/** All entries of `document` in one index; `id` is the key of its _id as it lies in `documents`. */
export function entriesIn(
  collection: CollectionDefinition,
  index: IndexDefinition,
  document: Document,
  id: Buffer,
  onTrait: OnIndexTrait,
): PlacedEntry[] {
  const { pattern, covers } = compile(index);
  if (!covers(document)) return [];
  const { keys, multikeyPaths } = indexKeys(document, pattern, { sparse: index.sparse });
  let anyCut = false;
  const entries = keys.map((full) => {
    const { key, cut } = shortenIndexKey(full);
    anyCut ||= cut;
    return { index, ...indexEntry(index.number, index.unique, key, id) };
  });
  if (anyCut || multikeyPaths.length > 0) onTrait(collection, index, multikeyPaths, anyCut);
  return entries;
}

/** All entries of `document` in these indexes of a collection. */
export function entriesOf(
  collection: CollectionDefinition,
  indexes: readonly IndexDefinition[],
  document: Document,
  id: Buffer,
  onTrait: OnIndexTrait,
): PlacedEntry[] {
  const [only] = indexes;
  if (!only) return [];
  if (indexes.length === 1) return entriesIn(collection, only, document, id, onTrait);
  return indexes.flatMap((index) => entriesIn(collection, index, document, id, onTrait));
}

const fieldsOfIndexes = new WeakMap<readonly IndexDefinition[], ReadonlySet<string> | undefined>();

/** The top-level fields that indexes look at, `_id` with them; undefined: a partial index's filter may look at all. */
export function indexedFields(indexes: readonly IndexDefinition[]): ReadonlySet<string> | undefined {
  if (fieldsOfIndexes.has(indexes)) return fieldsOfIndexes.get(indexes);
  const each = indexes.map((index) => compile(index).fields);
  const fields = each.includes(undefined)
    ? undefined
    : new Set(['_id', ...each.flatMap((one) => [...(one ?? [])])]);
  fieldsOfIndexes.set(indexes, fields);
  return fields;
}

/** Whether one of an index's fields is among those; `_id`, which no update changes, does not count. */
export function looksAt(index: IndexDefinition, fields: ReadonlySet<string>): boolean {
  const own = compile(index).fields;
  if (!own) return true;
  for (const name of own) if (fields.has(name)) return true;
  return false;
}
