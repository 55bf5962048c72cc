import type { View } from '../storage/view';
import type { IndexScan, SortField } from './index-scan';

/** How far entries are counted to compare scans: each step is a native walk of at most so many entries. */
const PROBES = [16, 128, 1024, 8192] as const;
const BEYOND = 65_536;
/** A sort in memory makes a row cost this much more. */
const SORT_FACTOR = 1.5;
/** An index read only for its order, with a limit, is expected to find a match in so many entries. */
const ENTRIES_PER_MATCH = 40;

/** The entries of a scan, counted no further than `most`; those of single keys are not looked for. */
function entriesUpTo(view: View, scan: IndexScan, most: number): number {
  const { index, intervals } = scan;
  if (isOfSingles(scan)) return Math.min(most, intervals.length);
  let entries = 0;
  for (const { low, high } of intervals) {
    const { count, next } = view.countKeys(index.table, low, high, most - entries);
    entries += count;
    if (next || entries >= most) return most;
  }
  return entries;
}

/** The entries of several scans together, counted no further than `most`; those of a whole index are too many. */
function costOf(view: View, scans: readonly IndexScan[], most: number): number {
  let cost = 0;
  for (const scan of scans) {
    if (scan.bounds.length === 0) return most;
    cost += entriesUpTo(view, scan, most - cost);
    if (cost >= most) return most;
  }
  return cost;
}

/** So few entries that it is not worth while to look for a better scan. */
export function isFew(view: View, scan: IndexScan): boolean {
  return costOf(view, [scan], PROBES[0]) < PROBES[0];
}

/** Whether several scans together read fewer entries than one; both are counted only until one is at its end. */
export function isCheaper(view: View, several: readonly IndexScan[], one: IndexScan): boolean {
  for (const probe of PROBES) {
    const cost = costOf(view, [one], probe);
    const together = costOf(view, several, probe);
    if (cost < probe || together < probe) return together < cost;
  }
  return false;
}

/** One entry at most: all fields of a unique index bounded to one value each. */
export function isSingle(scan: IndexScan): boolean {
  return scan.intervals.length === 1 && isOfSingles(scan);
}

/** One entry at most in each interval: all fields of a unique index are bounded to single values. */
function isOfSingles({ index, bounds }: IndexScan): boolean {
  return (
    index.unique &&
    bounds.length === index.pattern.length &&
    bounds.every(({ ranges }) => ranges.every(({ point }) => point))
  );
}

/**
 * The cheapest scan. One candidate is taken as it is. Among several, entries are counted a little further with each
 * round, until the end of one is found: so the choice costs no more than a small multiple of what the best one reads.
 */
export function chooseScan(
  view: View,
  scans: readonly IndexScan[],
  sort: readonly SortField[],
  limit: number,
): IndexScan | undefined {
  if (scans.length < 2) return scans[0];
  const single = scans.find(isSingle);
  if (single) return single;
  const bounded = scans.filter(({ bounds }) => bounds.length > 0);
  const ordered = bounded.find(({ order }) => order) ?? scans.find(({ bounds }) => bounds.length === 0);
  if (bounded.length === 1 && (!ordered || bounded[0]?.order)) return bounded[0];
  const forOrder = ordered && limit > 0 ? limit * ENTRIES_PER_MATCH : BEYOND;
  for (const probe of PROBES) {
    if (ordered && forOrder * 4 < probe) return ordered;
    const best = cheapest(view, bounded, { isSorted: sort.length > 0, limit }, probe);
    if (best) return best.scan.order || !ordered ? best.scan : orderedOr(view, best, ordered, limit);
  }
  if (ordered && forOrder < BEYOND) return ordered;
  return bounded.find(({ order }) => order) ?? bounded[0] ?? ordered;
}

/** A scan and what it was found to cost. */
interface Weighed {
  scan: IndexScan;
  entries: number;
}

/** How many times the entries of a scan that needs a sort are counted of one in the order wanted. */
const ORDERED_PROBE = 8;

/**
 * Of a scan whose rows have to be sorted, and one in the order wanted that did not end as soon: the second meets a
 * page's rows early where its entries are not many more than the matches can be.
 */
function orderedOr(view: View, { scan, entries }: Weighed, ordered: IndexScan, limit: number): IndexScan {
  if (limit === 0 || entries <= limit || ordered.bounds.length === 0) return scan;
  const most = entries * ORDERED_PROBE;
  const all = entriesUpTo(view, ordered, most);
  return all < most && (limit * all) / entries < entries * SORT_FACTOR ? ordered : scan;
}

/** Of scans whose rows have to be sorted, the cheapest, if it costs less than to look at so many rows. */
export function cheaperToSort(view: View, scans: readonly IndexScan[], rows: number): IndexScan | undefined {
  return cheapest(view, scans, { isSorted: true, limit: 0 }, Math.ceil(rows / SORT_FACTOR))?.scan;
}

/** The cheapest of the scans that end within `probe` entries. */
function cheapest(
  view: View,
  scans: readonly IndexScan[],
  wanted: { isSorted: boolean; limit: number },
  probe: number,
): Weighed | undefined {
  const ending = scans
    .map((scan) => ({ scan, entries: entriesUpTo(view, scan, probe) }))
    .filter(({ entries }) => entries < probe);
  const fewest = Math.min(...ending.map(({ entries }) => entries));
  let best: Weighed | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  for (const each of ending) {
    const cost = rowsOf(each.scan, each.entries, fewest, wanted);
    if (cost < lowest) [best, lowest] = [each, cost];
  }
  return best;
}

/** What a scan of so many entries costs, in rows that are looked at; at most the fewest entries of any can match. */
function rowsOf(
  scan: IndexScan,
  entries: number,
  fewest: number,
  { isSorted, limit }: { isSorted: boolean; limit: number },
): number {
  // Of two that read as much, the one with more bounds leaves less to the residual filter.
  const rows = entries - Math.min(0.9, scan.bounds.length * 0.1);
  if (!isSorted) return rows;
  if (!scan.order) return rows * SORT_FACTOR;
  return limit > 0 ? Math.min(rows, (limit * entries) / Math.max(1, fewest)) : rows;
}
