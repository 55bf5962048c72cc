import type { PathFilter } from '../semantics';
import { compareBson, rankOf } from '../semantics';

/** Whether every value that satisfies `inner` satisfies `outer`, both on the same path. */
export function isWithin(inner: PathFilter, outer: PathFilter): boolean {
  if (inner.op === 'in') {
    return (
      inner.regexes.length === 0 &&
      inner.values.every((value) => isWithin({ op: 'eq', path: inner.path, value }, outer))
    );
  }
  if (outer.op === 'in' && inner.op === 'eq')
    return outer.values.some((value) => compareBson(value, inner.value) === 0);
  if (outer.op === 'type' && inner.op === 'type')
    return [...inner.types].every((type) => outer.types.has(type));
  if (!isComparison(inner) || !isComparison(outer)) return false;
  if (inner.value === null || Array.isArray(inner.value) || rankOf(inner.value) !== rankOf(outer.value))
    return inner.op === 'eq' && outer.op === 'eq' && compareBson(inner.value, outer.value) === 0;
  const order = compareBson(inner.value, outer.value);
  switch (outer.op) {
    case 'eq':
      return inner.op === 'eq' && order === 0;
    case 'gt':
      return (
        (inner.op === 'eq' || inner.op === 'gt' || inner.op === 'gte') &&
        (order > 0 || (order === 0 && inner.op === 'gt'))
      );
    case 'gte':
      return (inner.op === 'eq' || inner.op === 'gt' || inner.op === 'gte') && order >= 0;
    case 'lt':
      return (
        (inner.op === 'eq' || inner.op === 'lt' || inner.op === 'lte') &&
        (order < 0 || (order === 0 && inner.op === 'lt'))
      );
    case 'lte':
      return (inner.op === 'eq' || inner.op === 'lt' || inner.op === 'lte') && order <= 0;
  }
}

type Comparison = Extract<PathFilter, { op: 'eq' | 'lt' | 'lte' | 'gt' | 'gte' }>;

function isComparison(filter: PathFilter): filter is Comparison {
  return (
    filter.op === 'eq' ||
    filter.op === 'lt' ||
    filter.op === 'lte' ||
    filter.op === 'gt' ||
    filter.op === 'gte'
  );
}
