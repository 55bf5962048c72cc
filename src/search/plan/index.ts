/** Planning: what a search asks of the database. Pure; `store/search` runs it. */
import type { ResourceType } from '@medplum/fhirtypes';
import { EVERY, fieldPrefix, holderOf, viewerPrefix } from '../entries';
import { isLean } from '../lean';
import { LISTS, type ListOrder } from '../lists';
import { allOf } from '../matches';
import type { Match } from '../types';
import { type Driver, type Filter, driverOf, merge, plan } from './filter';
import { loosened } from './loosen';
import type { OrderField } from './order';
import { joinRanges } from './ranges';

export type { Filter } from './filter';
export {
  type OrderField,
  type Position,
  behind,
  decodePosition,
  encodePosition,
  orderOf,
  reversed,
  sortOf,
  sortValueOf,
} from './order';

export interface SearchPlan {
  filter: Filter;
  /** False: documents that the filter finds must still be checked with `evaluate`. */
  exact: boolean;
  /** What stands before the keys of the viewer's entries. */
  prefix: string;
  /** The index to use, where no other can be better; else the database's planner compares. */
  hint?: Record<string, 1 | -1>;
}

/** The type's declared list, where an index has it in this order. */
function listIn(type: ResourceType, order: readonly OrderField[]): ListOrder | undefined {
  const declared = LISTS[type];
  const sort = order[0]?.path.replace(/^sort\./, '');
  return order.length === 2 && sort !== undefined && declared?.sorts.includes(sort) ? declared : undefined;
}

/** Of the conjuncts the one that leads a declared list, as its position; -1 for the list of everything. */
function listLeader(declared: ListOrder | undefined, conjuncts: readonly Match[]): number | undefined {
  if (declared === undefined) return undefined;
  for (const field of declared.filters) {
    const beginnings = [`${fieldPrefix(field)}=`, `${fieldPrefix(field)}>`];
    const at = conjuncts.findIndex(
      (match) =>
        match.kind === 'entry' &&
        match.keys.length === 1 &&
        beginnings.some((b) => match.keys[0]?.startsWith(b)),
    );
    if (at >= 0) return at;
  }
  return conjuncts.some((match) => driverOf(match) !== undefined) ? undefined : -1;
}

/** From this kind on, a criterion may well hold for half of a type. */
const UNSELECTIVE = 2;

/** What narrows a search down most, by its kind: the database begins there. */
function selectivity(match: Match): number {
  if (match.kind === 'ids') return 0;
  if (match.kind === 'entry')
    return match.keys.some((key) => /^(identifier|url|telecom):|:>/.test(key)) ? 1 : 2;
  return match.kind === 'prefix' || match.kind === 'pattern' ? 3 : 4;
}

/**
 * The filter of a search on one type.
 * @param match what must hold, chains resolved as far as they can be.
 * @param practice whose record is searched; undefined for the whole deployment.
 * @param order the order of the result, for types with declared lists.
 */
export function planFilter(
  type: ResourceType,
  match: Match,
  practice: string | undefined,
  order: readonly OrderField[] = [],
): SearchPlan {
  const loose = isLean(type) ? loosened(match) : match;
  const planned = planIndexed(type, loose, practice, order);
  return loose === match ? planned : { ...planned, exact: false };
}

function planIndexed(
  type: ResourceType,
  match: Match,
  practice: string | undefined,
  order: readonly OrderField[],
): SearchPlan {
  const prefix = viewerPrefix(type, practice);
  const conjuncts = joinRanges(type, match.kind === 'and' ? match.of : [match]).sort(
    (a, b) => selectivity(a) - selectivity(b),
  );
  const guards = guardsOf(type, practice, conjuncts, order);
  const declared = listIn(type, order);
  const leader = listLeader(declared, conjuncts);
  const led = leader === undefined ? undefined : conjuncts[leader];
  const rest = leader === undefined ? conjuncts : conjuncts.filter((_, i) => i !== leader);
  const { filter, exact } = plan(allOf(rest), prefix);
  if (leader !== undefined) {
    const list = prefix + (led?.kind === 'entry' ? (led.keys[0] ?? EVERY) : EVERY);
    return { filter: merge([{ list }, filter]), exact, prefix, hint: listIndex(order) };
  }
  if (declared !== undefined && conjuncts.every((match) => selectivity(match) >= UNSELECTIVE)) {
    // What is wanted may be few or nearly all: the planner weighs it against going through the list in its order.
    return { filter: merge([{ list: prefix + EVERY }, filter]), exact, prefix };
  }
  const drivers = new Set(conjuncts.map(driverOf));
  const base = needsBase(drivers, order) ? [{ index: prefix + EVERY }] : guards;
  return { filter: merge([...base, filter]), exact, prefix, ...hintOf(drivers, order) };
}

/**
 * What keeps a practice to its own, present documents. An entry does so by itself: it carries whom it is for, and a
 * deleted document has none; to ask again would only make the database look into every document it finds.
 */
function guardsOf(
  type: ResourceType,
  practice: string | undefined,
  conjuncts: readonly Match[],
  order: readonly OrderField[],
): Filter[] {
  const hasEntry = conjuncts.some(({ kind }) => kind === 'entry' || kind === 'prefix' || kind === 'pattern');
  // The index by time begins with the holder.
  return hasEntry && !isByTime(order) ? [] : [{ access: holderOf(type, practice), deleted: false }];
}

function listIndex(order: readonly OrderField[]): Record<string, 1 | -1> {
  return { list: 1, [order[0]?.path ?? '']: 1, _id: 1 };
}

const BY_ENTRY = { index: 1, _id: 1 } as const;

/** The index on access and lastUpdated serves this order by itself. */
const isByTime = (order: readonly OrderField[]): boolean => order[0]?.path === 'lastUpdated';

/**
 * The entry of everything: a way through the practice's own documents in the order of ids, for searches that nothing
 * else leads, or only what may turn out to hold for very many.
 */
function needsBase(drivers: ReadonlySet<Driver>, order: readonly OrderField[]): boolean {
  return !drivers.has('entry') && !drivers.has('ids') && !drivers.has('text') && !isByTime(order);
}

/** Where entries alone can lead, no walk through everybody's ids is ever better. */
function hintOf(drivers: ReadonlySet<Driver>, order: readonly OrderField[]): Pick<SearchPlan, 'hint'> {
  if (drivers.has('ids') || drivers.has('range') || isByTime(order)) return {};
  return { hint: BY_ENTRY };
}
