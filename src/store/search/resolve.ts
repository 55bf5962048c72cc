/**
 * Chains, reverse chains, lists and value sets, asked for before the search itself. When the answer is short it
 * takes the place of the question, and an index serves it; when it is long the question stays, and the search
 * asks it again for each batch of candidates (`probe`): nothing is ever cut short.
 */
import type { ResourceType, ValueSet } from '@medplum/fhirtypes';
import {
  type JoinMatch,
  type Match,
  NOTHING,
  allOf,
  anyOf,
  codesOf,
  escapeValue,
  negate,
  parseSearch,
  referencedIds,
  refersTo,
} from '../../search';
import { ProblemError, compileValueSet, membersOfValueSet, parseReference } from '../../fhir';
import { type Run } from './run';

/** Resources on the other side of a chain beyond which the chain is followed from this side. */
const MAX_IDS = 1_000;

type HasMatch = Extract<Match, { kind: 'has' }>;
type ListMatch = Extract<Match, { kind: 'list' }>;
type ValueSetMatch = Extract<Match, { kind: 'valueset' }>;

async function resolveJoin(run: Run, match: JoinMatch): Promise<Match> {
  const found: Match[] = [];
  for (const { type, match: inner } of match.targets) {
    const { rows, more } = await run.find({ type, match: inner, order: BY_ID, limit: MAX_IDS, read: 'id' });
    if (more) return match;
    found.push(
      refersTo(
        match.keys,
        type,
        rows.map(({ document }) => document._id),
      ),
    );
  }
  return anyOf(found);
}

const BY_ID = [{ path: '_id', descending: false }] as const;

async function resolveHas(run: Run, match: HasMatch): Promise<Match> {
  const { type, keys, own } = match;
  const { rows, more, prefix } = await run.find({
    type,
    match: match.match,
    order: BY_ID,
    limit: MAX_IDS,
    read: 'entries',
  });
  if (more) return match;
  const ids = rows.flatMap(({ document }) => referencedIds(document.index, prefix, keys, own));
  return ids.length === 0 ? NOTHING : { kind: 'ids', ids: [...new Set(ids)] };
}

interface ListResource {
  entry?: { deleted?: boolean; item?: { reference?: string } }[];
}

/** `_list`: what the List names, if the viewer may see the List. https://hl7.org/fhir/R4/search.html#list */
async function resolveList(run: Run, { id, type }: ListMatch): Promise<Match> {
  const { rows } = await run.find({
    type: 'List',
    match: { kind: 'ids', ids: [id] },
    order: BY_ID,
    limit: 1,
  });
  const list = rows[0]?.document.resource as ListResource | undefined;
  const ids = (list?.entry ?? []).flatMap(({ deleted, item }) => {
    const target = item?.reference === undefined ? undefined : parseReference(item.reference);
    return deleted !== true && target?.kind === 'local' && target.type === type ? [target.id] : [];
  });
  return ids.length === 0 ? NOTHING : { kind: 'ids', ids: [...new Set(ids)] };
}

/** The value set as stored here, by id or address; else one that the server ships. */
async function storedValueSet(run: Run, valueSet: string): Promise<ValueSet | undefined> {
  const id = /^ValueSet\/([A-Za-z0-9\-.]{1,64})$/.exec(valueSet)?.[1];
  const match: Match =
    id === undefined
      ? (parseSearch('ValueSet', [['url', escapeValue(valueSet)]]).targets[0]?.match ?? NOTHING)
      : { kind: 'ids', ids: [id] };
  const { rows } = await run.find({ type: 'ValueSet', match, order: BY_ID, limit: 1 });
  return rows[0]?.document.resource as ValueSet | undefined;
}

/** @throws ProblemError 400 naming the parameter, for a value set that is not known or cannot be listed */
async function resolveValueSet(run: Run, match: ValueSetMatch): Promise<Match> {
  try {
    return await codesIn(run, match);
  } catch (error) {
    if (!(error instanceof ProblemError) || (error.code !== 'not-found' && error.code !== 'invalid'))
      throw error;
    const diagnostics = `${match.parameter}: ${error.message}`;
    throw new ProblemError('malformed', diagnostics, {
      issues: [
        {
          severity: 'error',
          code: 'not-found',
          diagnostics,
          location: [`http.${match.parameter}`],
        },
      ],
    });
  }
}

async function codesIn(run: Run, match: ValueSetMatch): Promise<Match> {
  const stored = await storedValueSet(run, match.valueSet);
  if (stored === undefined) return codesOf(match, membersOfValueSet(match.valueSet));
  const compiled = compileValueSet(stored);
  if (!compiled.closed)
    throw new ProblemError(
      'invalid',
      'The value set draws on code systems that are not known here; it cannot be searched by.',
    );
  return codesOf(match, compiled.members);
}

async function resolveAll(run: Run, of: readonly Match[]): Promise<Match[]> {
  const resolved: Match[] = [];
  for (const match of of) resolved.push(await resolve(run, match));
  return resolved;
}

/** The match with everything that could be asked beforehand answered. */
export async function resolve(run: Run, match: Match): Promise<Match> {
  switch (match.kind) {
    case 'and':
      return allOf(await resolveAll(run, match.of));
    case 'or':
      return anyOf(await resolveAll(run, match.of));
    case 'not':
      return negate(await resolve(run, match.of));
    case 'join':
      return resolveJoin(run, match);
    case 'has':
      return resolveHas(run, match);
    case 'list':
      return resolveList(run, match);
    case 'valueset':
      return resolveValueSet(run, match);
    default:
      return match;
  }
}

/** What stayed unanswered. */
function unresolved(match: Match): (JoinMatch | HasMatch)[] {
  if (match.kind === 'and' || match.kind === 'or') return match.of.flatMap(unresolved);
  if (match.kind === 'not') return unresolved(match.of);
  return match.kind === 'join' || match.kind === 'has' ? [match] : [];
}

/** A document as far as probes look at it. */
interface Candidate {
  _id: string;
  index: readonly string[];
}

async function probeJoin(
  run: Run,
  match: JoinMatch,
  prefix: string,
  candidates: readonly Candidate[],
): Promise<Set<string>> {
  const holding = new Set<string>();
  for (const { type, match: inner } of match.targets) {
    const referrers = new Map<string, string[]>();
    for (const { _id, index } of candidates) {
      for (const id of referencedIds(index, prefix, match.keys, type))
        referrers.set(id, [...(referrers.get(id) ?? []), _id]);
    }
    if (referrers.size === 0) continue;
    const narrowed = allOf([{ kind: 'ids', ids: [...referrers.keys()] }, inner]);
    const { rows } = await run.find({
      type,
      match: narrowed,
      order: BY_ID,
      limit: referrers.size,
      read: 'id',
    });
    for (const { document } of rows) referrers.get(document._id)?.forEach((id) => holding.add(id));
  }
  return holding;
}

async function probeHas(run: Run, match: HasMatch, candidates: readonly Candidate[]): Promise<Set<string>> {
  const { type, keys, own } = match;
  const open = new Set(candidates.map(({ _id }) => _id));
  const holding = new Set<string>();
  // A resource may be referred to by very many: those that are found once need not be found again.
  while (open.size > 0) {
    const narrowed = allOf([refersTo(keys, own, [...open]), match.match]);
    const found = await run.find({
      type,
      match: narrowed,
      order: BY_ID,
      limit: MAX_IDS,
      read: 'entries',
    });
    for (const { document } of found.rows) {
      for (const id of referencedIds(document.index, found.prefix, keys, own))
        if (open.delete(id)) holding.add(id);
    }
    if (!found.more) break;
  }
  return holding;
}

/** Asks what stayed unanswered for a batch of candidates; answers by the match and the candidate's id. */
export async function probe(
  run: Run,
  type: ResourceType,
  match: Match,
  prefix: string,
  candidates: readonly Candidate[],
): Promise<(question: Match, id: string) => boolean> {
  const answers = new Map<Match, Set<string>>();
  for (const question of unresolved(match)) {
    const holding =
      question.kind === 'join'
        ? await probeJoin(run, question, prefix, candidates)
        : question.own === type
          ? await probeHas(run, question, candidates)
          : new Set<string>();
    answers.set(question, holding);
  }
  return (question, id) => answers.get(question)?.has(id) ?? false;
}
