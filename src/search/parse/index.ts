/** From a query string to a `SearchRequest`. https://hl7.org/fhir/R4/search.html */
import type { ResourceType } from '@medplum/fhirtypes';
import {
  type CompartmentType,
  compartment,
  compartmentTypes,
  isResourceType,
  resourceTypes,
} from '../../fhir';
import { allOf } from '../matches';
import type { Match, ParseOptions, SearchRequest } from '../types';
import { compartmentMatch, criterionMatch } from './criterion';
import { type Issue, type ParseContext, contextOf, refuse, report } from './issues';
import { type ResultOptions, applyResultParameter, defaultOptions, isResultParameter } from './results';

type Pair = readonly [string, string];

/** About the answer's form: every face reads them itself. */
const OF_THE_FACE = new Set(['_format', '_pretty']);

/** Types that are never stored, so never found. */
const NOT_STORED = new Set(['Parameters', 'OperationOutcome']);

function pairsOf(query: string | URLSearchParams | readonly Pair[]): Pair[] {
  if (typeof query !== 'string') return [...query];
  return [...new URLSearchParams(query.startsWith('?') ? query.slice(1) : query)];
}

/** The types of a search over several: those of `_type`, else all, within the compartment if there is one. */
function typesOf(pairs: readonly Pair[], options: ParseOptions, context: ParseContext): ResourceType[] {
  context.name = '_type';
  const named = pairs.filter(([name]) => name === '_type').flatMap(([, value]) => value.split(','));
  const unknown = named.filter((type) => !isResourceType(type));
  if (unknown.length > 0)
    report(context, `${unknown.length === 1 ? 'A value is' : 'Some values are'} not a resource type.`);
  const owner = options.compartment?.type;
  const within = owner === undefined ? resourceTypes() : Object.keys(compartmentOf(owner));
  const chosen = named.length === 0 ? within : within.filter((type) => named.includes(type));
  return chosen.filter((type) => !NOT_STORED.has(type)).sort() as ResourceType[];
}

/** @throws ProblemError 400 for a type that has no compartment. */
function compartmentOf(type: ResourceType): Readonly<Record<string, readonly string[]>> {
  const known = compartmentTypes().find((each) => each === type) as CompartmentType | undefined;
  if (known === undefined)
    refuse([{ parameter: type, message: `There is no compartment of ${type}.`, code: 'not-supported' }]);
  return compartment(known);
}

interface Draft {
  options: ResultOptions;
  matches: Map<ResourceType, Match[]>;
  query: Pair[];
  dropped: Issue[];
}

/** A search over several types takes what all of them have. */
function saysTypes({ issues }: ParseContext, types: readonly ResourceType[]): false {
  for (const issue of types.length > 1 ? issues : [])
    issue.message += ' A search over several types takes what all of them have; _type names fewer.';
  return false;
}

/** Reads one criterion on all types; whether all of them understood it. */
function addCriterion(
  draft: Draft,
  types: readonly ResourceType[],
  [name, value]: Pair,
  context: ParseContext,
): boolean {
  const found: [ResourceType, Match][] = [];
  for (const type of types) {
    const match = criterionMatch(type, name, value, context);
    // The other types would say the same again.
    if (match === undefined) return saysTypes(context, types);
    found.push([type, match]);
  }
  for (const [type, match] of found) draft.matches.get(type)?.push(match);
  return true;
}

function addPair(
  draft: Draft,
  types: readonly ResourceType[],
  pair: Pair,
  seen: Set<string>,
  outer: ParseContext,
): void {
  const [name, value] = pair;
  const context: ParseContext = { ...outer, name, issues: [] };
  const understood = isResultParameter(name)
    ? applyResultParameter(draft.options, name, value, types, seen, context)
    : addCriterion(draft, types, pair, context);
  if (!understood) outer.issues.push(...context.issues);
  else if (name === '_count') draft.query.push([name, String(draft.options.count)]);
  else if (name !== '_cursor') draft.query.push(pair);
}

function addCompartment(
  draft: Draft,
  types: readonly ResourceType[],
  owner: NonNullable<ParseOptions['compartment']>,
): void {
  const codes = compartmentOf(owner.type);
  for (const type of types) draft.matches.get(type)?.push(compartmentMatch(type, owner, codes[type] ?? []));
}

function draftOf(
  type: ResourceType | undefined,
  pairs: readonly Pair[],
  options: ParseOptions,
  context: ParseContext,
): Draft & { types: ResourceType[] } {
  const types = type === undefined ? typesOf(pairs, options, context) : [type];
  const draft: Draft = {
    options: defaultOptions(),
    matches: new Map(types.map((each) => [each, []])),
    query: [],
    dropped: [],
  };
  const kept = new Set([...OF_THE_FACE, ...(options.extraParameters ?? [])]);
  const seen = new Set<string>();
  for (const pair of pairs) {
    if (kept.has(pair[0]) || (pair[0] === '_type' && type === undefined)) draft.query.push(pair);
    else addPair(draft, types, pair, seen, context);
  }
  if (options.compartment !== undefined) addCompartment(draft, types, options.compartment);
  return { ...draft, types };
}

/**
 * Parses a search.
 * @param type the resource type searched; undefined for a search over several (`/?_type=...`, `Patient/1/*`).
 * @param query a query string (with or without `?`), or its pairs.
 * @throws ProblemError 400 with an issue for every parameter, modifier and value that is not understood; with
 *   `lenient` these are left out and reported in `dropped`.
 */
export function parseSearch(
  type: ResourceType | undefined,
  query: string | URLSearchParams | readonly Pair[],
  options: ParseOptions = {},
): SearchRequest {
  const context = contextOf(options.baseUrl);
  const { options: results, matches, query: kept, types } = draftOf(type, pairsOf(query), options, context);
  if (context.issues.length > 0 && options.lenient !== true) refuse(context.issues);
  return {
    type,
    ...results,
    targets: types.map((each) => ({ type: each, match: allOf(matches.get(each) ?? []) })),
    query: kept,
    dropped: context.issues.map(({ parameter, message }) => ({ parameter, message })),
  };
}

/** The canonical query string of a request (without `?`): what was understood, without the cursor. */
export function selfLink(request: SearchRequest): string {
  return new URLSearchParams(
    request.query.map(([name, value]): [string, string] => [name, value]),
  ).toString();
}
