import type { CollectionDefinition } from '../catalog/definitions';
import { ServerError } from '../errors';
import type { Document, Filter } from '../semantics';
import { compileSort, isDocument, parseFilter } from '../semantics';
import type { View } from '../storage/view';
import { scansOf } from './candidates';
import { chooseScan, isCheaper, isFew, isSingle } from './choice';
import type { Conjunction } from './conditions';
import { conjunctionOf, imply } from './conditions';
import type { IndexScan, SortField, UsableIndex } from './index-scan';
import { idIndex, intervalsOf, multikeyPathsOf, secondaryIndex } from './index-scan';

/** What is asked: which documents, in which order, how many. */
export interface Query {
  filter: Document;
  sort?: Document | undefined;
  skip?: number;
  limit?: number;
  hint?: unknown;
}

/** Where the documents of a query come from. */
export type Access =
  | { readonly kind: 'none' }
  | { readonly kind: 'collection'; readonly reverse: boolean }
  | { readonly kind: 'index'; readonly scan: IndexScan }
  | { readonly kind: 'union'; readonly scans: readonly IndexScan[]; readonly merge: boolean };

export interface Plan {
  readonly access: Access;
  /** Rows have to be sorted once they are found. */
  readonly sortsInMemory: boolean;
  /** What of the filter is still to be checked on the documents that the access leads to; undefined: nothing. */
  readonly residual: Filter | undefined;
  /** Of a page that is read in its order: scans to turn to, and sort, where its rows come late. */
  readonly unordered?: readonly IndexScan[];
}

/** A page of more rows is read in its order to the end: they would have to be held until it is settled. */
const LARGEST_PAGE = 1_000;

/** Chooses how to answer a query from what the view holds. */
export function planQuery(
  view: View,
  collection: CollectionDefinition | undefined,
  filter: Filter,
  query: Query,
): Plan {
  const sort = sortFields(query.sort);
  if (!collection) return { access: { kind: 'none' }, sortsInMemory: false, residual: filter };
  const hint = readHint(collection, query.hint);
  if (hint === 'natural') return scanAll(sort, filter);
  const conjunction = conjunctionOf([filter]);
  const byId = hint ? undefined : scansOf(idIndex(collection), conjunction, sort).find(isSingle);
  if (byId) return scanIndex(byId, false, filter);
  const indexes = usableIndexes(view, collection, conjunction, hint);
  const scans = indexes.flatMap((index) => scansOf(index, conjunction, sort));
  const best = chooseScan(view, scans, sort, query.limit ?? 0);
  if (conjunction.alternatives.length > 0) {
    if (best && isFew(view, best)) return scanIndex(best, !best.order, filter);
    const union = planUnion(view, indexes, conjunction, sort);
    if (
      union &&
      (!best || (best.bounds.length === 0 && sort.length === 0) || isCheaper(view, union.scans, best))
    ) {
      return { access: union, sortsInMemory: sort.length > 0 && !union.merge, residual: filter };
    }
  }
  if (best) return { ...scanIndex(best, !best.order, filter), ...turns(best, scans, query) };
  if (hint) return scanIndex(scanOfWhole(indexes, hint.name), sort.length > 0, filter);
  return scanAll(sort, filter);
}

function scanAll(sort: readonly SortField[], filter: Filter): Plan {
  const byId = sort.length > 0 && sort[0]?.path === '_id';
  return {
    access: { kind: 'collection', reverse: byId && sort[0]?.descending === true },
    sortsInMemory: sort.length > 0 && !byId,
    residual: without(filter, new Set()),
  };
}

/** What to turn to from a scan that was chosen for its order. */
function turns(
  { order }: IndexScan,
  scans: readonly IndexScan[],
  { limit = 0, skip = 0 }: Query,
): Pick<Plan, 'unordered'> {
  if (!order || limit === 0 || skip + limit > LARGEST_PAGE) return {};
  const unordered = scans.filter(({ bounds, order: other }) => bounds.length > 0 && !other);
  return unordered.length > 0 ? { unordered } : {};
}

export function scanIndex(scan: IndexScan, sortsInMemory: boolean, filter: Filter): Plan {
  return { access: { kind: 'index', scan }, sortsInMemory, residual: residualOf(filter, scan) };
}

/** All of an index, whatever its order is good for: a hint is obeyed. */
function scanOfWhole(indexes: readonly UsableIndex[], name: string): IndexScan {
  const index = indexes.find((one) => one.name === name);
  if (!index) throw badHint();
  return { index, bounds: [], intervals: intervalsOf(index, []), order: undefined };
}

function sortFields(sort: Document | undefined): readonly SortField[] {
  return sort && Object.keys(sort).length > 0 ? compileSort(sort).fields : [];
}

function readHint(collection: CollectionDefinition, hint: unknown): { name: string } | 'natural' | undefined {
  if (hint === undefined || hint === null || (isDocument(hint) && Object.keys(hint).length === 0))
    return undefined;
  if (isDocument(hint) && '$natural' in hint) return 'natural';
  const all = [idIndex(collection), ...collection.indexes.filter(({ ready }) => ready)];
  const wanted = isDocument(hint)
    ? JSON.stringify(Object.entries(hint).map(([path, one]) => [path, Number(one)]))
    : undefined;
  const found = all.find(({ name, pattern }) =>
    wanted === undefined ? name === hint : JSON.stringify(pattern) === wanted,
  );
  if (!found) throw badHint();
  return { name: found.name };
}

function badHint(): ServerError {
  return new ServerError(
    2,
    'error processing query: planner returned error :: caused by :: hint provided does not correspond to an existing index',
  );
}

/** Those that a hint leaves. A snapshot does not hold the entries of indexes that were finished after it. */
function usableIndexes(
  view: View,
  collection: CollectionDefinition,
  { conditions }: Conjunction,
  hint: { name: string } | undefined,
): UsableIndex[] {
  const isMeant = ({ name }: { name: string }): boolean => hint === undefined || name === hint.name;
  const secondary = collection.indexes
    .filter(isMeant)
    .filter((index) => index.ready && index.readyAt <= view.catalogAt)
    .filter(({ partialFilter }) => !partialFilter || imply(conditions, parseFilter(partialFilter)))
    .map(secondaryIndex);
  return [...[idIndex(collection)].filter(isMeant), ...secondary];
}

/** An `$or` all of whose branches an index serves, each together with what must hold anyway. */
function planUnion(
  view: View,
  indexes: readonly UsableIndex[],
  conjunction: Conjunction,
  sort: readonly SortField[],
): { kind: 'union'; scans: IndexScan[]; merge: boolean } | undefined {
  for (const branches of conjunction.alternatives) {
    const scans = branches.map((branch) => {
      const own = conjunctionOf([branch]);
      const conditions = [...conjunction.conditions, ...renumber(own, conjunction)];
      const candidates = indexes.flatMap((index) => scansOf(index, { ...own, conditions }, sort));
      return chooseScan(
        view,
        candidates.filter(({ bounds }) => bounds.length > 0),
        sort,
        0,
      );
    });
    const found = scans.filter((scan) => scan !== undefined);
    if (found.length < branches.length) continue;
    return { kind: 'union', scans: found, merge: sort.length > 0 && mergeable(found, sort) };
  }
  return undefined;
}

/** The `$elemMatch` groups of a branch are others than those beside the `$or`. */
function renumber(own: Conjunction, outer: Conjunction): Conjunction['conditions'] {
  const base = Math.max(0, ...outer.conditions.map(({ group }) => group));
  return own.conditions.map((condition) =>
    condition.group > 0 ? { ...condition, group: condition.group + base } : condition,
  );
}

/** Rows of several indexes merge by their bytes when what follows the fixed fields is the sort, encoded alike. */
function mergeable(scans: readonly IndexScan[], sort: readonly SortField[]): boolean {
  const wanted = sort.map(({ path }) => path);
  const tails = scans.map(({ index, bounds }) => {
    const rest: [string, number][] = index.pattern
      .slice(fixedFields(bounds))
      .map(([path, direction]) => [path, direction]);
    return [...rest, ...(index.unique ? [] : [['_id', 1] as const])].slice(0, sort.length);
  });
  const [first] = scans;
  return scans.every(
    ({ order }, i) =>
      order !== undefined &&
      order.reverse === first?.order?.reverse &&
      JSON.stringify(tails[i]) === JSON.stringify(tails[0]) &&
      JSON.stringify(tails[i]?.map(([path]) => path)) === JSON.stringify(wanted),
  );
}

/** How many leading fields are bounded to points. */
function fixedFields(bounds: IndexScan['bounds']): number {
  const end = bounds.findIndex(({ ranges }) => !ranges.every(({ point }) => point));
  return end < 0 ? bounds.length : end;
}

/** What the bounds of a scan do not say of a filter. */
function residualOf(filter: Filter, { index, bounds }: IndexScan): Filter | undefined {
  if (index.cutKeys) return filter;
  const served = bounds.flatMap(({ conditions }) => conditions).filter(({ exact }) => exact);
  return without(filter, new Set<Filter>(served.map((condition) => condition.filter)));
}

/** The parts of a conjunction that are not among those; undefined when nothing is left. */
function without(filter: Filter, served: ReadonlySet<Filter>): Filter | undefined {
  if (served.has(filter)) return undefined;
  if (filter.op !== 'and') return filter;
  const left = filter.filters.flatMap((part) => without(part, served) ?? []);
  return left.length > 0 ? { op: 'and', filters: left } : undefined;
}

/** Whether each document has one entry in the scan at most, so that counting entries counts documents. */
export function countsDocuments({ index, bounds, intervals }: IndexScan): boolean {
  const free = index.pattern.filter(
    ([path], i) =>
      multikeyPathsOf(index, path).length > 0 &&
      !(bounds[i]?.ranges.length === 1 && bounds[i]?.ranges[0]?.point),
  );
  return free.length === 0 && (index.multikeyPaths.length === 0 || intervals.length === 1);
}
