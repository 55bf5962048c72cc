/** `_include` and `_revinclude`. https://hl7.org/fhir/R4/search.html#include */
import type { ResourceType } from '@medplum/fhirtypes';
import { ProblemError } from '../../fhir';
import {
  escapeValue,
  type Include,
  type IncludeKey,
  type Match,
  anyOf,
  includeKeys,
  parseSearch,
  referencedBy,
  refersTo,
} from '../../search';
import { chunks } from '../scope';
import type { Row, Run } from './run';

/** Included resources of one page; more are refused rather than left out silently. */
const MAX_INCLUDED = 10_000;
/** Rounds of `:iterate`. */
const MAX_ROUNDS = 12;
/** Resources that one query asks for. */
const IDS_A_QUERY = 500;

const BY_ID = [{ path: '_id', descending: false }] as const;
const keyOf = (type: string, id: string): string => `${type}/${id}`;

/** What includes have gathered; matches of the page are known, so that they are not included again. */
interface Gathered {
  known: Set<string>;
  included: Row[];
}

function add(gathered: Gathered, rows: readonly Row[]): Row[] {
  const added = rows.filter(({ type, document }) => !gathered.known.has(keyOf(type, document._id)));
  for (const { type, document } of added) gathered.known.add(keyOf(type, document._id));
  gathered.included.push(...added);
  if (gathered.included.length > MAX_INCLUDED)
    throw new ProblemError(
      'invalid',
      `_include and _revinclude add more than ${MAX_INCLUDED} resources to the page; ask for fewer matches with _count.`,
    );
  return added;
}

async function find(run: Run, type: ResourceType, match: Match): Promise<Row[]> {
  const { rows, more } = await run.find({
    type,
    match,
    order: BY_ID,
    limit: MAX_INCLUDED,
    read: 'whole',
  });
  if (more)
    throw new ProblemError(
      'invalid',
      `An _include or _revinclude adds more than ${MAX_INCLUDED} resources; ask for fewer matches with _count.`,
    );
  return rows;
}

/** Resources that the rows' references name: by type and id, or by canonical address. */
interface Wanted {
  ids: Map<ResourceType, Set<string>>;
  addresses: Map<ResourceType, Set<string>>;
}

function want(into: Map<ResourceType, Set<string>>, type: ResourceType, text: string): void {
  const known = into.get(type) ?? new Set<string>();
  known.add(text);
  into.set(type, known);
}

const LOCAL = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/;

function wantTarget(wanted: Wanted, target: string, { target: only, canonicals }: IncludeKey): void {
  const [, type, id] = LOCAL.exec(target) ?? [];
  if (type !== undefined && id !== undefined) {
    if (only === undefined || only === type) want(wanted.ids, type as ResourceType, id);
    return;
  }
  for (const each of canonicals)
    if (only === undefined || only === each) want(wanted.addresses, each, target);
}

function forward(include: Include, rows: readonly Row[], prefixOf: (type: string) => string): Wanted {
  const wanted: Wanted = { ids: new Map(), addresses: new Map() };
  const keys = new Map<string, IncludeKey[]>();
  for (const { type, document } of rows) {
    const known = keys.get(type) ?? includeKeys(include, type);
    keys.set(type, known);
    for (const each of known) {
      for (const target of referencedBy(document.index, prefixOf(type), [each.key]))
        wantTarget(wanted, target, each);
    }
  }
  return wanted;
}

async function fetchWanted(run: Run, { ids, addresses }: Wanted, known: ReadonlySet<string>): Promise<Row[]> {
  const found: Row[] = [];
  for (const [type, texts] of ids) {
    const open = [...texts].filter((id) => !known.has(keyOf(type, id)));
    for (const part of chunks(open, IDS_A_QUERY))
      found.push(...(await find(run, type, { kind: 'ids', ids: part })));
  }
  for (const [type, urls] of addresses) {
    const { targets } = parseSearch(type, [
      ['url', [...urls].map((url) => escapeValue(url.split('|')[0] ?? '')).join(',')],
    ]);
    for (const { match } of targets) found.push(...(await find(run, type, match)));
  }
  return found;
}

async function reverse(
  run: Run,
  include: Include,
  rows: readonly Row[],
  types: readonly ResourceType[],
): Promise<Row[]> {
  const byType = new Map<ResourceType, string[]>();
  for (const { type, document } of rows) byType.set(type, [...(byType.get(type) ?? []), document._id]);
  const found: Row[] = [];
  for (const source of include.source === '*' ? types : [include.source]) {
    const keys = includeKeys({ ...include, source }, source);
    if (keys.length === 0) continue;
    for (const [type, ids] of byType) {
      const names = keys
        .filter(({ target }) => target === undefined || target === type)
        .map(({ key }) => key);
      for (const part of chunks(ids, Math.max(1, Math.floor(IDS_A_QUERY / Math.max(1, names.length)))))
        found.push(...(await find(run, source, anyOf([refersTo(names, type, part)]))));
    }
  }
  return found;
}

export interface IncludeQuestion {
  includes: readonly Include[];
  matches: readonly Row[];
  /** What stands before the keys of the viewer's entries of a type. */
  prefixOf: (type: string) => string;
  /** Types that have resources, for wildcards. */
  types: () => Promise<readonly ResourceType[]>;
}

/** Everything the includes add to a page, each resource once. Only what the viewer may see. */
export async function include(
  run: Run,
  { includes, matches, prefixOf, types }: IncludeQuestion,
): Promise<Row[]> {
  const gathered: Gathered = {
    known: new Set(matches.map(({ type, document }) => keyOf(type, document._id))),
    included: [],
  };
  const inUse = includes.some(({ reverse: isReverse }) => isReverse) ? await types() : [];
  let rows: readonly Row[] = matches;
  for (let round = 0; rows.length > 0 && round < MAX_ROUNDS; round++) {
    const added: Row[] = [];
    for (const each of includes) {
      if (round > 0 && !each.iterate) continue;
      // What one include brings, an iterating one goes on from in the next round.
      const found = each.reverse
        ? await reverse(run, each, rows, inUse)
        : await fetchWanted(run, forward(each, rows, prefixOf), gathered.known);
      added.push(...add(gathered, found));
    }
    rows = added;
  }
  return gathered.included;
}
