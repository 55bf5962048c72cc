/**
 * From a match to a MongoDB filter over `index`, `ranges` and `_id`. What the filter cannot say (chains not yet
 * followed, distances, texts longer than an entry) it leaves open: it is then not exact, and whoever runs it checks
 * its documents with `evaluate`.
 */
import { EVERY, SHORTEST_WORD, containedScope, cutEntry, wide, wordEntry, wordsKey } from '../entries';
import type { Comparison, Match } from '../types';
import { boxAround } from '../values/position';
import { escapePattern } from '../values/text';

export type Filter = Record<string, unknown>;

/** A filter, and whether exactly the right documents satisfy it; otherwise some others do too. */
export interface Planned {
  filter: Filter;
  exact: boolean;
}

/** Above every text that an entry can have. */
const HIGHEST = '\u{10ffff}';

const OPERATORS = { '<': '$lt', '<=': '$lte', '>': '$gt', '>=': '$gte' } as const;

const EVERYTHING: Filter = {};
const isEverything = (filter: Filter): boolean => Object.keys(filter).length === 0;

const exactly = (filter: Filter): Planned => ({ filter, exact: true });

function between(prefix: string): Filter {
  return { $gte: prefix, $lt: prefix + HIGHEST };
}

/**
 * Entries that begin so. The index alone answers an anchored expression, where what `$elemMatch` finds is looked at;
 * but an expression with `|` no database takes for a prefix.
 */
function beginning(text: string): Filter {
  return text.includes('|') ? { $elemMatch: between(text) } : { $regex: `^${escapePattern(text)}` };
}

function planEntry(keys: readonly string[], prefix: string): Planned {
  const full = keys.map((key) => prefix + key);
  return exactly({ index: full.length === 1 ? full[0] : { $in: full } });
}

function planPattern(key: string, pattern: string, prefix: string): Filter {
  // A pattern that begins at the key is anchored there; the others may match anywhere behind it.
  const source = pattern.startsWith('^') ? `^${escapePattern(prefix + key)}${pattern.slice(1)}` : pattern;
  return { index: { $elemMatch: { ...between(prefix + key), $regex: source, $options: 's' } } };
}

type Ends = Record<string, Record<string, string | number>>;

/** Adds a comparison to those on the same end, keeping the tighter of two with one operator. */
function addComparison(ends: Ends, { end, op, value }: Comparison): void {
  const operator = OPERATORS[op];
  const known = (ends[end] ??= {});
  const other = known[operator];
  const isTighter = other === undefined || (op.startsWith('<') ? value < other : value > other);
  if (isTighter) known[operator] = value;
}

function endsOf(comparisons: readonly Comparison[]): Ends {
  const ends: Ends = {};
  for (const comparison of comparisons) addComparison(ends, comparison);
  return ends;
}

type RangeMatch = Extract<Match, { kind: 'range' }>;

/** One element of `ranges` under the key; narrow ranges also lie between the bounds that follow for their low end. */
function planElement(match: RangeMatch, key: string, isNarrow: boolean): Filter {
  const bounds: Comparison[] = [];
  if (isNarrow && match.from !== undefined) bounds.push({ end: 'l', op: '>=', value: match.from });
  if (isNarrow && match.to !== undefined) bounds.push({ end: 'l', op: '<=', value: match.to });
  const [only, ...others] = match.any;
  const element: Filter = { k: key, ...endsOf([...bounds, ...(others.length === 0 ? (only ?? []) : [])]) };
  if (others.length > 0) element['$or'] = match.any.map(endsOf);
  if (match.units !== undefined) element['u'] = { $all: match.units };
  if (match.systems !== undefined) element['s'] = match.systems === '' ? { $exists: false } : match.systems;
  return { ranges: { $elemMatch: element } };
}

function planRange(match: RangeMatch, prefix: string): Planned {
  const key = prefix + match.key;
  const narrow = planElement(match, key, true);
  if (match.narrow === true) return exactly(narrow);
  return exactly({ $or: [narrow, planElement(match, wide(key), false)] });
}

function planNear(match: Extract<Match, { kind: 'near' }>, prefix: string): Planned {
  const { south, north, west, east } = boxAround(match, match.km);
  const longitudes = west === undefined || east === undefined ? {} : { l2: { $gte: west, $lte: east } };
  const element = { k: prefix + match.key, l: { $gte: south, $lte: north }, ...longitudes };
  return { filter: { ranges: { $elemMatch: element } }, exact: false };
}

/** Entries that the words begin; a resource with more words than entries is looked at whatever they are. Words are the same for all viewers. */
function planWords({ where, words, indexed }: Extract<Match, { kind: 'text' }>): Filter {
  if (!indexed) return EVERYTHING;
  const key = wordsKey(where);
  const begun = words
    .filter(({ length }) => length >= SHORTEST_WORD)
    .map((word): Filter => ({ index: beginning(wordEntry(key, word)) }));
  if (begun.length === 0) return EVERYTHING;
  return { $or: [merge(begun), { index: cutEntry(key) }] };
}

/** One filter for several: flat, and in one object where no two speak of the same field. */
export function merge(filters: readonly Filter[]): Filter {
  const flat = filters.flatMap((filter): Filter[] => {
    const { $and, ...rest } = filter;
    const inner = Array.isArray($and) ? ($and as Filter[]) : [];
    return isEverything(rest) ? inner : [rest, ...inner];
  });
  const merged: Filter = {};
  const others: Filter[] = [];
  for (const filter of flat) {
    if (Object.keys(filter).some((key) => key in merged)) others.push(filter);
    else Object.assign(merged, filter);
  }
  return others.length === 0 ? merged : { ...merged, $and: others };
}

function planAnd(of: readonly Match[], prefix: string): Planned {
  const parts = of.map((match) => plan(match, prefix));
  return { filter: merge(parts.map(({ filter }) => filter)), exact: parts.every(({ exact }) => exact) };
}

function planOr(of: readonly Match[], prefix: string): Planned {
  const parts = of.map((match) => plan(match, prefix));
  const exact = parts.every((part) => part.exact);
  if (parts.some(({ filter }) => isEverything(filter))) return { filter: EVERYTHING, exact };
  const filters = parts.flatMap(({ filter }) => alternativesOf(filter));
  if (filters.length === 0) return exactly({ _id: { $in: [] } });
  return { filter: filters.length === 1 ? (filters[0] ?? EVERYTHING) : { $or: filters }, exact };
}

/** The branches of a filter that is nothing but an `$or`. */
function alternativesOf(filter: Filter): Filter[] {
  const { $or, ...rest } = filter;
  return Array.isArray($or) && isEverything(rest) ? ($or as Filter[]) : [filter];
}

function planNot(match: Match, prefix: string): Planned {
  const inner = plan(match, prefix);
  // The opposite of a filter that lets too many through would hide some that belong.
  return inner.exact ? exactly({ $nor: [inner.filter] }) : { filter: EVERYTHING, exact: false };
}

/** Plans one match; keys get the prefix of whoever asks. */
export function plan(match: Match, prefix: string): Planned {
  switch (match.kind) {
    case 'and':
      return planAnd(match.of, prefix);
    case 'or':
      return planOr(match.of, prefix);
    case 'not':
      return planNot(match.of, prefix);
    case 'ids':
      return exactly({ _id: match.ids.length === 1 ? match.ids[0] : { $in: [...match.ids] } });
    case 'entry':
      return planEntry(match.keys, prefix);
    case 'prefix':
      return {
        filter: { index: beginning(prefix + match.key) },
        exact: match.long === undefined,
      };
    case 'pattern':
      return exactly(planPattern(match.key, match.pattern, prefix));
    case 'range':
      return planRange(match, prefix);
    case 'ranges':
      return exactly({ ranges: { $elemMatch: { k: between(prefix + match.key) } } });
    case 'near':
      return planNear(match, prefix);
    case 'contained':
      // Several contained resources share their entries: the resource tells which one has them all.
      return { filter: planContained(match.match, prefix + containedScope(match.type)), exact: false };
    case 'text':
      return { filter: planWords(match), exact: false };
    case 'join':
    case 'has':
    case 'list':
    case 'valueset':
      return { filter: EVERYTHING, exact: false };
  }
}

/** Contained resources have entries but no `_id` of their own: what asks for one is left to the check. */
function planContained(match: Match, scope: string): Filter {
  const parts = match.kind === 'and' ? match.of : [match];
  const filters = parts
    .filter(isPositive)
    .map((part) => plan(part, scope).filter)
    .filter((filter) => !isEverything(filter));
  return { $and: [{ index: scope + EVERY }, ...filters] };
}

function isPositive(match: Match): boolean {
  if (match.kind === 'and' || match.kind === 'or') return match.of.every(isPositive);
  // The words of contained resources have no entries of their own.
  return match.kind !== 'not' && match.kind !== 'ids' && match.kind !== 'text';
}

/**
 * How an index leads to what a match describes: by ids, by entries that equal, by the beginning of a text, by ranges;
 * undefined when it does not, or only to nearly everything.
 */
export type Driver = 'ids' | 'entry' | 'text' | 'range' | undefined;

/** Three letters of a name are few enough rows; less, or a whole field, is better looked for in passing. */
const NARROW_TEXT = /:[~"=>].{3}/;

export function driverOf(match: Match): Driver {
  switch (match.kind) {
    case 'ids':
      return 'ids';
    case 'entry':
      return 'entry';
    case 'prefix':
    case 'pattern':
      return NARROW_TEXT.test(match.key) ? 'text' : undefined;
    case 'contained':
      return 'text';
    case 'text':
      return match.indexed && match.words.some((word) => word.length >= 3) ? 'text' : undefined;
    case 'range':
    case 'ranges':
    case 'near':
      return 'range';
    case 'and':
      return (['ids', 'entry', 'text', 'range'] as const).find((driver) =>
        match.of.some((part) => driverOf(part) === driver),
      );
    case 'or':
      return driverOfAny(new Set(match.of.map(driverOf)));
    default:
      return undefined;
  }
}

/** Every alternative must be led to; entries and texts lie in one index, the others do not. */
function driverOfAny(drivers: ReadonlySet<Driver>): Driver {
  if (drivers.size === 0 || drivers.has(undefined)) return undefined;
  if (drivers.size === 1) return [...drivers][0];
  return drivers.has('range') || drivers.has('ids') ? 'range' : 'text';
}
