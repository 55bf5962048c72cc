import type { View } from '../storage/view';
import type { IndexScan, SortField } from './index-scan';

/** How far entries are counted to compare plans: each step is a native walk of so many entries. */
const PROBES = [16, 128, 1024, 8192] as const;
const BEYOND = 65_536;

/** How many entries a scan would read, roughly: counting stops at the first probe that reaches beyond its end. */
function estimate(view: View, { index, intervals }: IndexScan): number {
  for (const probe of PROBES) {
    let left: number = probe;
    for (const { low, high } of intervals) {
      left -= view.countUpTo(index.table, low, high, left);
      if (left <= 0) break;
    }
    if (left > 0) return probe - left;
  }
  return BEYOND;
}

/** The entries of several scans together. */
export function costOf(view: View, scans: readonly IndexScan[]): number {
  return scans.reduce((sum, scan) => sum + estimateIn(view, scan), 0);
}

function estimateIn(view: View, scan: IndexScan): number {
  return isSingle(scan) ? 1 : estimate(view, scan);
}

/** One entry at most: all fields of a unique index bounded to one value each. */
function isSingle({ index, bounds, intervals }: IndexScan): boolean {
  return (
    index.unique &&
    intervals.length === 1 &&
    bounds.length === index.pattern.length &&
    bounds.every(({ ranges }) => ranges[0]?.point)
  );
}

/** A sort in memory makes a row cost this much more. */
const SORT_FACTOR = 1.5;
/** An index read in the order asked for, with a limit, is expected to find a match in so many entries. */
const ENTRIES_PER_MATCH = 40;

/**
 * The cheapest scan. One candidate is taken as it is; among several the entries are counted, up to a bound.
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
  let best: IndexScan | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  for (const scan of scans) {
    const cost = costOfRows(view, scan, sort, limit);
    if (cost < lowest) [best, lowest] = [scan, cost];
  }
  return best;
}

function costOfRows(view: View, scan: IndexScan, sort: readonly SortField[], limit: number): number {
  const entries = estimateIn(view, scan);
  // Of two that read as much, the one with more bounds leaves less to the residual filter.
  const rows = entries - Math.min(0.9, scan.bounds.length * 0.1);
  if (sort.length === 0) return rows;
  if (!scan.order) return rows * SORT_FACTOR;
  // Of two that end as early, again the one with more bounds.
  return limit > 0 ? Math.min(rows, limit * ENTRIES_PER_MATCH - scan.bounds.length) : rows;
}
