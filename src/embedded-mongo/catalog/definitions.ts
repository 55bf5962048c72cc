import type { Document } from '../semantics';

/** An index as the catalog keeps it. */
export interface IndexDefinition {
  /** Prefix of its keys in the `indexes` table. */
  readonly number: number;
  readonly name: string;
  /** Field paths and directions, in order. */
  readonly pattern: readonly (readonly [path: string, direction: 1 | -1])[];
  readonly unique: boolean;
  readonly sparse: boolean;
  /** Only documents that match this filter are in the index. */
  readonly partialFilter?: Document;
  /** TTL: documents go this many seconds after the date in the first field. */
  readonly expireAfterSeconds?: number;
  /** Built completely; until then it is kept up to date but not read. */
  ready: boolean;
  /** The catalog's number when it became ready: older snapshots do not hold all its entries. */
  readyAt: number;
  /** Paths through which some document had an array. */
  multikeyPaths: string[];
  /** Some key was too long and was cut: the index does not sort exactly. */
  cutKeys: boolean;
}

export interface CollectionDefinition {
  /** Prefix of its keys in the `documents` table. */
  readonly number: number;
  readonly namespace: string;
  readonly uuid: Uint8Array;
  readonly indexes: readonly IndexDefinition[];
  /** Grows with every change of the list of indexes. */
  readonly version: number;
}

/** `database.collection` cut at the first dot. */
export function databaseOf(namespace: string): string {
  return namespace.slice(0, namespace.indexOf('.'));
}

export function collectionOf(namespace: string): string {
  return namespace.slice(namespace.indexOf('.') + 1);
}

/** The index's key pattern as the document clients see: `{ a: 1, b: -1 }`. */
export function keyDocument(index: Pick<IndexDefinition, 'pattern'>): Document {
  return Object.fromEntries(index.pattern);
}
