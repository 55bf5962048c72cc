/** Where the entries of one resource gather. */
import type { Resource } from '@medplum/fhirtypes';
import type { Extracted, RangeEntry, SortValue } from '../types';

/** Longest text kept for sorting; beyond it the id decides. */
const SORT_LIMIT = 32;

export interface Collector {
  resource: Resource;
  index: Set<string>;
  words: string[];
  ranges: Map<string, RangeEntry>;
  sort: Record<string, SortValue>;
  /** Fields that may have several values, with the name under which the highest lies. */
  repeating: ReadonlyMap<string, string>;
  /** Put before every key: contained resources have theirs apart. */
  scope: string;
}

export function collectorOf(resource: Resource, repeating: Collector['repeating']): Collector {
  return { resource, index: new Set(), words: [], ranges: new Map(), sort: {}, repeating, scope: '' };
}

export function addEntry(out: Collector, entry: string): void {
  out.index.add(out.scope === '' ? entry : out.scope + entry);
}

export function addRange(out: Collector, range: RangeEntry): void {
  const entry = out.scope === '' ? range : { ...range, k: out.scope + range.k };
  const id = `${entry.k} ${entry.l} ${entry.h} ${entry.s ?? ''} ${entry.u?.join() ?? ''} ${entry.l2 ?? ''} ${entry.h2 ?? ''}`;
  out.ranges.set(id, entry);
}

/** Keeps the lowest and the highest value: a sort takes the one that comes first in its direction. */
export function addSort(out: Collector, key: string, value: SortValue): void {
  if (out.scope !== '') return;
  const kept = typeof value === 'string' && value.length > SORT_LIMIT ? value.slice(0, SORT_LIMIT) : value;
  const low = out.sort[key];
  if (low === undefined || kept < low) out.sort[key] = kept;
  const highest = out.repeating.get(key);
  if (highest === undefined) return;
  const high = out.sort[highest];
  if (high === undefined || kept > high) out.sort[highest] = kept;
}

export function extractedOf(out: Collector): Extracted {
  const { index, words, ranges, sort } = out;
  return { index: [...index], words, ranges: [...ranges.values()], sort };
}
