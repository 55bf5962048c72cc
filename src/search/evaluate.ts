/** A match held against one resource in memory, without a database. */
import type { Resource } from '@medplum/fhirtypes';
import { EVERY, wide } from './entries';
import { extractIndex } from './extract';
import { valuesAt } from './extract/walk';
import { parameterOf } from './parameters/registry';
import type { Comparison, LongText, Match, RangeEntry, SearchRequest } from './types';
import { containsWords } from './values/words';
import { fold } from './values/text';
import { kilometresBetween } from './values/position';

/** What is known of one resource: its entries, under the prefix of whoever asks. */
export interface Facts {
  id: string;
  resource: Resource;
  entries: ReadonlySet<string>;
  ranges: readonly RangeEntry[];
  /** Whether a chain, reverse chain, list or value set that the database was asked about holds. */
  probe: (match: Match) => boolean;
}

type RangeMatch = Extract<Match, { kind: 'range' }>;

function holds(range: RangeEntry, { end, op, value }: Comparison): boolean {
  const actual = range[end];
  if (actual === undefined || typeof actual !== typeof value) return false;
  switch (op) {
    case '<':
      return actual < value;
    case '<=':
      return actual <= value;
    case '>':
      return actual > value;
    case '>=':
      return actual >= value;
  }
}

function rangeHolds(range: RangeEntry, match: RangeMatch): boolean {
  if (range.k !== match.key && range.k !== wide(match.key)) return false;
  if (match.units?.some((unit) => !(range.u ?? []).includes(unit))) return false;
  if (match.systems !== undefined && (range.s ?? '') !== match.systems) return false;
  return match.any.some((alternative) => alternative.every((comparison) => holds(range, comparison)));
}

function longHolds(text: string, { how, text: wanted }: LongText): boolean {
  if (how === 'exact') return text === wanted;
  return how === 'start' ? fold(text).startsWith(wanted) : fold(text).includes(wanted);
}

/** Text that entries are too short for: the parameter's own strings decide. */
function longMatches(resource: Resource, long: LongText): boolean {
  const parameter = parameterOf(resource.resourceType, long.code);
  return (parameter?.ways ?? []).some((steps) =>
    valuesAt(resource, steps).some((value) => typeof value === 'string' && longHolds(value, long)),
  );
}

function someEntry(facts: Facts, key: string, test: (rest: string) => boolean): boolean {
  for (const entry of facts.entries) if (entry.startsWith(key) && test(entry.slice(key.length))) return true;
  return false;
}

function patternHolds(facts: Facts, key: string, pattern: string): boolean {
  const expression = new RegExp(pattern, 's');
  return someEntry(facts, key, (rest) => expression.test(rest));
}

function containedHolds(resource: Resource, match: Extract<Match, { kind: 'contained' }>): boolean {
  return containedMatching(resource, match).length > 0;
}

/** The contained resources that a `contained` match is about. */
export function containedMatching(
  resource: Resource,
  { type, match }: Extract<Match, { kind: 'contained' }>,
): Resource[] {
  const contained = (resource as { contained?: Resource[] }).contained ?? [];
  return contained.filter((inner) => inner.resourceType === type && evaluate(match, factsOf(inner)));
}

/** Whether the match holds. */
export function evaluate(match: Match, facts: Facts): boolean {
  switch (match.kind) {
    case 'and':
      return match.of.every((part) => evaluate(part, facts));
    case 'or':
      return match.of.some((part) => evaluate(part, facts));
    case 'not':
      return !evaluate(match.of, facts);
    case 'ids':
      return match.ids.includes(facts.id);
    case 'entry':
      return match.keys.some((key) => facts.entries.has(key));
    case 'prefix':
      return match.long === undefined
        ? someEntry(facts, match.key, () => true)
        : longMatches(facts.resource, match.long);
    case 'pattern':
      return patternHolds(facts, match.key, match.pattern);
    case 'range':
      return facts.ranges.some((range) => rangeHolds(range, match));
    case 'ranges':
      return facts.ranges.some(({ k }) => k.startsWith(match.key));
    case 'near':
      return facts.ranges.some(
        ({ k, l, l2 }) => k === match.key && kilometresBetween(match, l, l2) <= match.km,
      );
    case 'text':
      return containsWords(facts.resource, match.where, match.words);
    case 'contained':
      return containedHolds(facts.resource, match);
    case 'join':
    case 'has':
    case 'list':
    case 'valueset':
      return facts.probe(match);
  }
}

/** The facts of a resource by itself: nothing is known of other resources. */
export function factsOf(resource: Resource): Facts {
  const { index, ranges } = extractIndex(resource);
  return {
    id: resource.id ?? '',
    resource,
    entries: new Set([EVERY, ...index]),
    ranges,
    probe: () => false,
  };
}

/** Whether a match can only be answered with other resources at hand: chains, `_has`, `_list`, `:in`. */
export function needsDatabase(match: Match): boolean {
  switch (match.kind) {
    case 'and':
    case 'or':
      return match.of.some(needsDatabase);
    case 'not':
      return needsDatabase(match.of);
    case 'join':
    case 'has':
    case 'list':
    case 'valueset':
      return true;
    default:
      return false;
  }
}

/**
 * Whether a resource is among what a request finds, judged by itself: Subscription criteria, rows of SMART scopes.
 * What depends on other resources (chains, `_has`, `_list`, `:in`) is taken as not holding, also under `:not`: such a
 * request matches only in the database (`dependsOnOthers`).
 */
export function matchesInMemory(request: SearchRequest, resource: Resource): boolean {
  const target = request.targets.find(({ type }) => type === resource.resourceType);
  if (target === undefined || needsDatabase(target.match)) return false;
  return evaluate(target.match, factsOf(resource));
}

/** Whether a request looks beyond the resource itself. */
export function dependsOnOthers(request: SearchRequest): boolean {
  return request.targets.some(({ match }) => needsDatabase(match));
}
