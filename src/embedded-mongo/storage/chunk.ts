/** One key and its value, as they lie in the file. */
export interface Entry {
  key: Buffer;
  value: Buffer;
}

/** Keys from `low` (inclusive) to `high` (exclusive), ascending unless `reverse`; at most `limit` entries. */
export interface KeyRange {
  low: Buffer;
  high: Buffer;
  reverse?: boolean;
  limit: number;
}

/** Part of a range, from its beginning on. */
export interface Chunk {
  entries: Entry[];
  /** Nothing follows in the range. */
  complete: boolean;
}

/** How many keys lie in part of a range. */
export interface Counted {
  count: number;
  /** The first key behind that part; undefined: the range is at its end. */
  next: Buffer | undefined;
}

/** A chunk stops here so that large documents do not fill the memory. */
export const CHUNK_BYTES = 1 << 20;
