import type { CollectionDefinition, IndexDefinition } from '../catalog/definitions';
import { keyDocument } from '../catalog/definitions';
import type { Document } from '../semantics';
import { compileFilter, indexKeys, parseFilter } from '../semantics';
import { indexEntry, shortenIndexKey } from './keys';

/** One entry a document has in an index. */
export interface PlacedEntry {
  index: IndexDefinition;
  key: Buffer;
  value: Buffer;
}

interface Compiled {
  pattern: Document;
  covers: (document: Document) => boolean;
}

const compiled = new WeakMap<IndexDefinition['pattern'], Compiled>();

function compile(index: IndexDefinition): Compiled {
  const known = compiled.get(index.pattern);
  if (known) return known;
  const covers = index.partialFilter ? compileFilter(parseFilter(index.partialFilter)) : () => true;
  const made = { pattern: keyDocument(index), covers };
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

/** All entries of `document` in all indexes of its collection. */
export function entriesOf(
  collection: CollectionDefinition,
  document: Document,
  id: Buffer,
  onTrait: OnIndexTrait,
): PlacedEntry[] {
  const { indexes } = collection;
  if (indexes.length === 0) return [];
  if (indexes.length === 1)
    return entriesIn(collection, indexes[0] as IndexDefinition, document, id, onTrait);
  return indexes.flatMap((index) => entriesIn(collection, index, document, id, onTrait));
}
