import { BSONRegExp, MaxKey, MinKey } from 'bson';
import type { PathFilter } from '../semantics';
import { Rank, encodeKey, numericOf, rankOf } from '../semantics';
import { afterPrefix } from '../storage/view';

/**
 * A range of the keys of one index field, as the bytes a stored key may begin with: `low` inclusive, `high`
 * exclusive. Keys delimit themselves, so the bytes of one value end before those of the next field begin.
 */
export interface Range {
  readonly low: Buffer;
  readonly high: Buffer;
  /** All keys in the range are of one and the same value. */
  readonly point: boolean;
  /** Its ends as explain shows them. */
  readonly from: End;
  readonly to: End;
}

interface End {
  readonly value: unknown;
  readonly inclusive: boolean;
}

const NAN_UP = encodeKey(NaN);
const NAN_DOWN = encodeKey(NaN, true);

/** The whole field. */
export const EVERYTHING: readonly Range[] = [
  {
    low: Buffer.alloc(0),
    high: Buffer.alloc(1, 0xff),
    point: false,
    from: { value: new MinKey(), inclusive: true },
    to: { value: new MaxKey(), inclusive: true },
  },
];

/** The ranges a predicate allows in an index field, in key order; undefined when an index does not help it. */
export function rangesOf(filter: PathFilter, descending: boolean): Range[] | undefined {
  const ranges = unordered(filter, descending);
  return ranges?.sort((a, b) => a.low.compare(b.low));
}

function unordered(filter: PathFilter, descending: boolean): Range[] | undefined {
  switch (filter.op) {
    case 'eq':
      return points(filter.value, descending);
    case 'in': {
      if (filter.regexes.length > 0) return undefined;
      const each = filter.values.map((value) => points(value, descending));
      return each.every((ranges) => ranges !== undefined) ? distinct(each.flat()) : undefined;
    }
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return compared(filter.op, filter.value, descending);
    case 'regex': {
      const { prefix, pattern, options } = filter.regex;
      if (prefix === undefined || prefix === '') return undefined;
      return [prefixRange(prefix, descending), point(new BSONRegExp(pattern, options), descending)];
    }
    case 'exists':
      return [...EVERYTHING];
    default:
      return undefined;
  }
}

/** Whether a document satisfies the predicate exactly when its key lies in {@link rangesOf}. */
export function rangesAreExact(filter: PathFilter): boolean {
  switch (filter.op) {
    case 'eq':
      return filter.value !== null;
    case 'in':
      return !filter.values.includes(null);
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return filter.value !== null;
    case 'regex':
      return filter.regex.prefixOnly;
    default:
      return false;
  }
}

/** Whether what satisfies the predicate has the field. */
export function impliesExistence(filter: PathFilter): boolean {
  switch (filter.op) {
    case 'eq':
    case 'lte':
    case 'gte':
      return filter.value !== null;
    case 'in':
      return !filter.values.includes(null);
    case 'elemMatchObject':
    case 'elemMatchValue':
    case 'lt':
    case 'gt':
    case 'exists':
    case 'regex':
    case 'size':
    case 'mod':
    case 'type':
      return true;
  }
}

/** Equality with null finds the null of a missing field and the undefined of an empty array. */
function points(value: unknown, descending: boolean): Range[] | undefined {
  if (value === null) return [point(undefined, descending), point(null, descending)];
  const rank = rankOf(value);
  return rank === Rank.array || rank === Rank.undefined ? undefined : [point(value, descending)];
}

function point(value: unknown, descending: boolean): Range {
  const low = encodeKey(value, descending);
  const end = { value, inclusive: true };
  return { low, high: afterPrefix(low), point: true, from: end, to: end };
}

/** Comparison reaches no further than the operand's own type. */
function compared(op: 'lt' | 'lte' | 'gt' | 'gte', value: unknown, descending: boolean): Range[] | undefined {
  const rank = rankOf(value);
  if (value === null) return op === 'gte' || op === 'lte' ? points(null, descending) : undefined;
  if (rank === Rank.array || rank === Rank.undefined || rank === Rank.minKey || rank === Rank.maxKey)
    return undefined;
  if (rank === Rank.number && Number.isNaN(numericOf(value))) return undefined;
  const key = encodeKey(value, descending);
  const type = key.subarray(0, 1);
  const upward = op === 'gt' || op === 'gte';
  const inclusive = op === 'gte' || op === 'lte';
  // Ends of the type's own keys; NaN is the lowest number and no comparison but with itself finds it.
  const number = rank === Rank.number;
  const first = number && !descending ? afterPrefix(NAN_UP) : type;
  const last = number && descending ? NAN_DOWN : afterPrefix(type);
  const beginsAtKey = upward !== descending;
  const given = { value, inclusive };
  const open = { value: typeEnd(rank, upward), inclusive: number };
  const [from, to] = beginsAtKey ? [given, open] : [open, given];
  return [
    beginsAtKey
      ? { low: inclusive ? key : afterPrefix(key), high: last, point: false, from, to }
      : { low: first, high: inclusive ? afterPrefix(key) : key, point: false, from, to },
  ];
}

/** What explain shows as the end of a type: MongoDB's own choices. */
function typeEnd(rank: number, upper: boolean): unknown {
  if (rank === Rank.number) return upper ? Infinity : -Infinity;
  if (rank === Rank.string) return upper ? {} : '';
  return upper ? new MaxKey() : new MinKey();
}

function prefixRange(prefix: string, descending: boolean): Range {
  // Without its terminator the key of the prefix begins the keys of all strings that begin with it.
  const key = encodeKey(prefix, descending);
  const low = key.subarray(0, key.length - 1);
  const ends = [
    { value: prefix, inclusive: true },
    { value: prefix + '\uffff', inclusive: false },
  ] as const;
  const [from, to] = descending ? [ends[1], ends[0]] : ends;
  return { low, high: afterPrefix(low), point: false, from, to };
}

function distinct(ranges: Range[]): Range[] {
  return [...new Map(ranges.map((range) => [range.low.toString('latin1'), range])).values()];
}

/** What lies in both lists; both are sorted and each without overlaps. */
export function intersect(a: readonly Range[], b: readonly Range[]): Range[] {
  const common: Range[] = [];
  for (const left of a) {
    for (const right of b) {
      const from = left.low.compare(right.low) >= 0 ? left : right;
      const to = left.high.compare(right.high) <= 0 ? left : right;
      if (from.low.compare(to.high) >= 0) continue;
      const point = left.point || right.point;
      common.push({ low: from.low, high: to.high, point, from: from.from, to: to.to });
    }
  }
  return common;
}
