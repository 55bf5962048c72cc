import type { CollectionDefinition } from '../catalog/definitions';
import type { Document, Filter } from '../semantics';
import { compileBytes, compileFilter, compileSort, parseFilter } from '../semantics';
import { ServerError } from '../errors';
import { decode } from '../storage/codec';
import { decodeFields, fieldsOfFilter } from '../storage/partial';
import type { Stored } from '../storage/documents';
import type { View } from '../storage/view';
import { cheaperToSort } from './choice';
import type { Plan, Query } from './plan';
import { planQuery, scanIndex } from './plan';
import type { IndexScan } from './index-scan';
import type { PAUSE, Work } from './scan';
import { candidates } from './scan';

/** A document that was found; it is decoded when somebody looks. */
export class Found implements Stored {
  private decoded: Document | undefined;

  constructor(
    readonly key: Buffer,
    readonly bytes: Buffer,
  ) {}

  get document(): Document {
    return (this.decoded ??= decode(this.bytes));
  }

  /** The document as far as these top-level fields go. */
  only(fields: ReadonlySet<string> | undefined): Document {
    return this.decoded ?? (fields ? decodeFields(this.bytes, fields) : this.document);
  }
}

/** A query made ready for one collection: the plan, the compiled filter, the order. */
export interface PreparedQuery {
  readonly collection: CollectionDefinition | undefined;
  readonly query: Query;
  readonly filter: Filter;
  readonly plan: Plan;
  /** Whether a document that the plan leads to is one of the query's; undefined: each is. */
  readonly holds: ((found: Found) => boolean) | undefined;
  readonly work: Work;
}

/** In-memory sorts beyond this many bytes of documents are refused, as MongoDB's are without allowDiskUse. */
const SORT_LIMIT_BYTES = 100 * 2 ** 20;

/** @throws CommandError for a malformed filter or sort, also when the collection does not exist */
export function prepare(
  view: View,
  collection: CollectionDefinition | undefined,
  query: Query,
): PreparedQuery {
  return prepareFilter(view, collection, parseFilter(query.filter), query);
}

/** The same for a filter that is parsed already; `query.filter` then is only shown by explain. */
export function prepareFilter(
  view: View,
  collection: CollectionDefinition | undefined,
  filter: Filter,
  query: Query,
): PreparedQuery {
  const plan = planQuery(view, collection, filter, query);
  const work = { keysExamined: 0, documentsExamined: 0, returned: 0 };
  return { collection, query, filter, ...checked(plan), work };
}

function checked(plan: Plan): Pick<PreparedQuery, 'plan' | 'holds'> {
  return { plan, holds: plan.residual && checkOf(plan.residual) };
}

/**
 * The documents of a query, in order. Yields {@link PAUSE} between steps of bounded work, so that the consumer can
 * let others have their turn. Must not be kept over a release of the view.
 */
export function* run(view: View, prepared: PreparedQuery): Generator<Found | typeof PAUSE, void, void> {
  const { skip = 0, limit = 0 } = prepared.query;
  let position = 0;
  for (const row of inOrder(view, prepared, limit > 0 ? skip + limit : 0)) {
    if (typeof row === 'symbol') {
      yield row;
      continue;
    }
    if (position++ < skip) continue;
    prepared.work.returned++;
    yield row;
    if (limit > 0 && position >= skip + limit) return;
  }
}

/** The rows of a query in its order, of which `wanted` are needed (0: all). */
function inOrder(
  view: View,
  prepared: PreparedQuery,
  wanted: number,
): Generator<Found | typeof PAUSE, void, void> {
  const { query, plan } = prepared;
  if (plan.unordered) return firstInOrder(view, prepared, plan.unordered, wanted);
  const rows = matching(view, prepared);
  return plan.sortsInMemory && query.sort ? sorted(rows, query.sort, wanted) : rows;
}

/** Keys of a walk for its order, before it is asked whether another scan would do better; then four times as many. */
const FIRST_STRETCH = 1_024;
/** Once so much has been found of a page, the walk goes on whatever it costs: nobody holds a page of large documents. */
const HELD_BYTES = 16 * 2 ** 20;

/**
 * The first rows of a walk in the order wanted. Where they come late, it is given up for another scan that costs less
 * than the rest of the way is likely to: so no row leaves before it is settled.
 */
function* firstInOrder(
  view: View,
  prepared: PreparedQuery,
  unordered: readonly IndexScan[],
  wanted: number,
): Generator<Found | typeof PAUSE, void, void> {
  const { filter, work } = prepared;
  const found: Found[] = [];
  let bytes = 0;
  let isSettled = false;
  let stretch = FIRST_STRETCH;
  for (const row of matching(view, prepared)) {
    if (isSettled) {
      yield row;
      continue;
    }
    if (typeof row !== 'symbol') {
      found.push(row);
      bytes += row.bytes.length;
      isSettled = found.length === wanted || bytes > HELD_BYTES;
      if (isSettled) yield* found;
      continue;
    }
    yield row;
    if (work.keysExamined < stretch) continue;
    const left = (work.keysExamined * (wanted - found.length)) / Math.max(1, found.length);
    const scan = cheaperToSort(view, unordered, left);
    if (scan) return yield* inOrder(view, { ...prepared, ...checked(scanIndex(scan, true, filter)) }, wanted);
    stretch *= 4;
  }
  if (!isSettled) yield* found;
}

function* matching(
  view: View,
  { collection, plan, holds, work }: PreparedQuery,
): Generator<Found | typeof PAUSE, void, void> {
  if (!collection) return;
  for (const candidate of candidates(view, collection, plan, work)) {
    if (typeof candidate === 'symbol') {
      yield candidate;
      continue;
    }
    const found = new Found(candidate.key, candidate.bytes);
    if (!holds || holds(found)) yield found;
  }
}

/** Whether a document satisfies a filter, found out without decoding it where its bytes tell. */
function checkOf(filter: Filter): (found: Found) => boolean {
  const verdict = compileBytes(filter);
  const matches = compileFilter(filter);
  const fields = fieldsOfFilter(filter);
  return (found) => verdict?.(found.bytes) ?? matches(found.only(fields));
}

/** Sorts in memory; with `keep`, only about that many rows are held at any time. */
function* sorted(
  rows: Iterable<Found | typeof PAUSE>,
  spec: Document,
  keep: number,
): Generator<Found | typeof PAUSE, void, void> {
  const { keyOf, compareKeys } = compileSort(spec);
  const fields = new Set(Object.keys(spec).map((path) => path.split('.', 1)[0] ?? path));
  const order = (a: SortedRow, b: SortedRow): number => compareKeys(a.key, b.key);
  let held: SortedRow[] = [];
  // Known once enough are held: what comes behind it is not among the first.
  let worst: SortedRow | undefined;
  let bytes = 0;
  for (const row of rows) {
    if (typeof row === 'symbol') {
      yield row;
      continue;
    }
    const next = { row, key: keyOf(row.only(fields)) };
    if (worst && order(next, worst) >= 0) continue;
    held.push(next);
    bytes += row.bytes.length;
    if (keep > 0 && held.length > 2 * keep + 100) {
      held = held.sort(order).slice(0, keep);
      worst = held.at(-1);
      bytes = held.reduce((sum, { row: { bytes: kept } }) => sum + kept.length, 0);
    }
    if (bytes > SORT_LIMIT_BYTES) throw sortTooLarge();
  }
  held.sort(order);
  for (const { row } of keep > 0 ? held.slice(0, keep) : held) yield row;
}

interface SortedRow {
  row: Found;
  key: readonly unknown[];
}

function sortTooLarge(): ServerError {
  return new ServerError(
    292,
    `Executor error during find command :: caused by :: Sort exceeded memory limit of ${SORT_LIMIT_BYTES} bytes, but did not opt in to external sorting.`,
  );
}
