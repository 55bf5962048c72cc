import type { CollectionDefinition } from '../catalog/definitions';
import type { Stored } from '../storage/documents';
import { numberKey, readIndexEntry, withNumber } from '../storage/keys';
import type { View } from '../storage/view';
import { afterPrefix, scanRange } from '../storage/view';
import type { IndexScan, Interval } from './index-scan';
import { type IndexRow, mergeSorted } from './merge';
import type { Plan } from './plan';

/** Yielded between steps of bounded work. */
export const PAUSE: unique symbol = Symbol('pause');

/** What an execution did, for explain. */
export interface Work {
  keysExamined: number;
  documentsExamined: number;
  returned: number;
}

/** Documents or keys looked at between two pauses. */
const STEP = 64;

/** The documents that a plan leads to, each once, before the residual filter. */
export function* candidates(
  view: View,
  collection: CollectionDefinition,
  plan: Plan,
  work: Work,
): Generator<Stored | typeof PAUSE, void, void> {
  const { access } = plan;
  switch (access.kind) {
    case 'none':
      return;
    case 'collection':
      yield* allDocuments(view, collection, access.reverse, work);
      return;
    case 'index':
      yield* fetched(view, collection, rowsOf(view, access.scan), mayRepeat(access.scan), work);
      return;
    case 'union': {
      const streams = access.scans.map((scan) => rowsOf(view, scan, access.merge));
      const reverse = access.scans[0]?.order?.reverse ?? false;
      yield* fetched(
        view,
        collection,
        access.merge ? mergeSorted(streams, reverse) : inTurn(streams),
        true,
        work,
      );
    }
  }
}

function* allDocuments(
  view: View,
  collection: CollectionDefinition,
  reverse: boolean,
  work: Work,
): Generator<Stored | typeof PAUSE, void, void> {
  const prefix = numberKey(collection.number);
  for (const { key, value } of scanRange(view, 'documents', prefix, afterPrefix(prefix), reverse)) {
    work.documentsExamined++;
    yield { key, bytes: value };
    if (work.documentsExamined % STEP === 0) yield PAUSE;
  }
}

/** An array may lead to one document by several entries. */
function mayRepeat({ index }: IndexScan): boolean {
  return index.multikeyPaths.length > 0;
}

/** The entries of a scan, in the order it promises; where they are `merged` with those of others, with their place in it. */
function rowsOf(view: View, scan: IndexScan, merged = false): Generator<IndexRow, void, void> {
  const { intervals, order, bounds } = scan;
  const reverse = order?.reverse ?? false;
  const needsMerge = order?.mergeAfter !== undefined;
  const fixed = order?.mergeAfter ?? bounds.length;
  const read = (interval: Interval): Generator<IndexRow, void, void> =>
    readInterval(
      view,
      scan,
      interval,
      reverse,
      needsMerge || merged ? fixedLength(scan, interval, fixed) : undefined,
    );
  const streams = (reverse ? [...intervals].reverse() : intervals).map(read);
  if (streams.length === 1) return streams[0] as Generator<IndexRow, void, void>;
  return needsMerge ? mergeSorted(streams, reverse) : inTurn(streams);
}

/** How many bytes of an interval's keys belong to its fixed fields: those in which its two ends agree. */
function fixedLength({ bounds }: IndexScan, { low }: Interval, fixed: number): number {
  let length = 4;
  for (const { ranges } of bounds.slice(0, fixed)) {
    const matching = ranges.find(({ low: start }) =>
      low.subarray(length, length + start.length).equals(start),
    );
    length += matching?.low.length ?? 0;
  }
  return length;
}

function* readInterval(
  view: View,
  { index, bounds, order: ordered }: IndexScan,
  { low, high }: Interval,
  reverse: boolean,
  fixedBytes: number | undefined,
): Generator<IndexRow, void, void> {
  // All intervals of an index on _id bounded to values are single keys.
  const point =
    index.table === 'documents' &&
    bounds[0]?.ranges.every((range) => range.point) &&
    ordered?.mergeAfter === undefined;
  if (point) {
    const bytes = view.get('documents', low);
    if (bytes) yield { id: low.subarray(4), bytes, order: undefined };
    return;
  }
  for (const { key, value } of scanRange(view, index.table, low, high, reverse)) {
    const order = fixedBytes === undefined ? undefined : key.subarray(fixedBytes);
    if (index.table === 'documents') yield { id: key.subarray(4), bytes: value, order };
    else yield { id: readIndexEntry(index.unique, key, value).id, bytes: undefined, order };
  }
}

function* inTurn(streams: readonly Iterable<IndexRow>[]): Generator<IndexRow, void, void> {
  for (const stream of streams) yield* stream;
}

/** The documents that an index scan leads to, each once, without reading them: enough to count them. */
export function* distinctRows(
  view: View,
  scan: IndexScan,
  work: Work,
): Generator<IndexRow | typeof PAUSE, void, void> {
  const seen = mayRepeat(scan) ? new Set<string>() : undefined;
  for (const row of rowsOf(view, scan)) {
    if (++work.keysExamined % STEP === 0) yield PAUSE;
    const before = seen?.size;
    if (seen?.add(row.id.toString('latin1')).size === before && seen !== undefined) continue;
    yield row;
  }
}

function* fetched(
  view: View,
  collection: CollectionDefinition,
  rows: Iterable<IndexRow>,
  repeats: boolean,
  work: Work,
): Generator<Stored | typeof PAUSE, void, void> {
  const seen = new Set<string>();
  for (const { id, bytes } of rows) {
    if (++work.keysExamined % STEP === 0) yield PAUSE;
    if (repeats) {
      const name = id.toString('latin1');
      if (seen.has(name)) continue;
      seen.add(name);
    }
    const key = withNumber(collection.number, id);
    const stored = bytes ?? view.get('documents', key);
    if (!stored) continue;
    work.documentsExamined++;
    yield { key, bytes: stored };
  }
}
