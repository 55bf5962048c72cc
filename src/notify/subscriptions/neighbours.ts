import type { List, Resource, ResourceType } from '@medplum/fhirtypes';
import { parseReference, ProblemError } from '../../fhir';
import {
  evaluate,
  type Facts,
  factsOf,
  type Match,
  needsDatabase,
  referencedIds,
  refersTo,
  requestOf,
} from '../../search';
import { EVERYTHING, gathered, type Store, type Viewer } from '../../store';
import type { CompiledSubscription } from '../types';

type HasMatch = Extract<Match, { kind: 'has' }>;
type ListMatch = Extract<Match, { kind: 'list' }>;

/**
 * The resources around a changed one, read once for all subscriptions that see the same: a chain, a reverse chain or a
 * list in criteria costs reads of what is there, not a query for each subscription. Made anew for each change, or once
 * for changes that come together: all of them were there before the first read.
 */
export interface Neighbours {
  /** Whether a match holds of a resource, wherever it looks. */
  holds(match: Match, type: ResourceType, facts: Facts): Promise<boolean>;
  /** Facts of the resources of a type that the references under the keys lead to. */
  targets(facts: Facts, keys: readonly string[], type: ResourceType): Promise<Facts[]>;
}

/** What an owner may see at this moment; undefined when nothing any more. */
export type ViewerOf = (subscription: CompiledSubscription) => Promise<Viewer | undefined>;

/** The neighbours with the eyes of those who look: criteria that lead through what is hidden hold of nothing. */
export interface Surroundings {
  /** Whatever there is: to find candidates, which are looked at with their owner's eyes then. */
  all: Neighbours;
  /** What a subscription's owner may see of it; undefined when nothing any more. */
  of(subscription: CompiledSubscription): Promise<Neighbours | undefined>;
}

type Reads = Pick<Store, 'search' | 'readMany'>;

/** Who sees the same looks through the same reads. */
export function surroundingsIn(store: Reads, viewerOf: ViewerOf): Surroundings {
  const all = neighboursIn(store, EVERYTHING);
  const byPractice = new Map([['', all]]);
  const byOwner = new Map<string, Promise<Neighbours | undefined>>();
  const seenBy = (viewer: Viewer): Neighbours => {
    // What scopes leave of a type is the client's own.
    if (viewer.rows !== undefined) return neighboursIn(store, viewer);
    const { practice = '' } = viewer;
    const seen = byPractice.get(practice) ?? neighboursIn(store, viewer);
    byPractice.set(practice, seen);
    return seen;
  };
  return {
    all,
    of(subscription) {
      const { author, practices } = subscription;
      const owner = JSON.stringify([author?.kind, author?.id, practices[0]]);
      const known =
        byOwner.get(owner) ??
        viewerOf(subscription).then((viewer) => (viewer === undefined ? undefined : seenBy(viewer)));
      byOwner.set(owner, known);
      return known;
    },
  };
}

/** More referring resources than this are left to the database. */
const MOST = 1_000;

function neighboursIn(store: Reads, viewer: Viewer): Neighbours {
  const read = remembered(readerOf(store, viewer));
  const facts = remembered(async (reference: string) => {
    const found = await read(reference);
    return found === undefined ? undefined : factsOf(found);
  });
  const referrers = remembered((key: string) => referrersOf(store, viewer, JSON.parse(key) as Referring));
  const inRecord = remembered((key: string) => {
    const [type, id, match] = JSON.parse(key) as [ResourceType, string, Match];
    return holdsInRecord(store, viewer, { type, id, match });
  });
  const targets: Neighbours['targets'] = async ({ entries }, keys, type) => {
    const ids = referencedIds([...entries], '', keys, type);
    return (await Promise.all(ids.map((id) => facts(`${type}/${id}`)))).filter((each) => each !== undefined);
  };
  const hasReferrer = async (match: HasMatch, facts: Facts): Promise<boolean> => {
    const { type, keys, own } = match;
    const found = await referrers(JSON.stringify({ type, keys, own, id: facts.id }));
    if (found === undefined) return inRecord(JSON.stringify([own, facts.id, match]));
    return some(found, (each) => holds(match.match, type, each));
  };
  const holds: Neighbours['holds'] = async (match, type, facts) => {
    if (!needsDatabase(match)) return evaluate(match, facts);
    switch (match.kind) {
      case 'and':
        return !(await some(match.of, async (part) => !(await holds(part, type, facts))));
      case 'or':
        return some(match.of, (part) => holds(part, type, facts));
      case 'not':
        return !(await holds(match.of, type, facts));
      case 'join':
        return some(match.targets, async (target) =>
          some(await targets(facts, match.keys, target.type), (each) =>
            holds(target.match, target.type, each),
          ),
        );
      case 'has':
        return match.own === type && hasReferrer(match, facts);
      case 'list':
        return isListed((await read(`List/${match.id}`)) as List | undefined, match, facts.id);
      default:
        return inRecord(JSON.stringify([type, facts.id, match]));
    }
  };
  return { holds, targets };
}

async function some<T>(all: readonly T[], holds: (each: T) => Promise<boolean>): Promise<boolean> {
  for (const each of all) if (await holds(each)) return true;
  return false;
}

function remembered<T>(ask: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (key) => {
    const answer = known.get(key) ?? ask(key);
    known.set(key, answer);
    return answer;
  };
}

/** Present resources by `Type/id`, those asked for at the same time in one query. */
function readerOf(
  store: Pick<Store, 'readMany'>,
  viewer: Viewer,
): (reference: string) => Promise<Resource | undefined> {
  return gathered(async (references: readonly string[]) => {
    const asked = references.map((each) => {
      const [type, id] = each.split('/') as [ResourceType, string];
      return { type, id };
    });
    const found = new Map(
      (await store.readMany(viewer, asked)).map((each) => [`${each.type}/${each.id}`, each.resource]),
    );
    return references.map((each) => found.get(each));
  });
}

interface Referring {
  type: ResourceType;
  keys: readonly string[];
  own: ResourceType;
  id: string;
}

/** Resources that refer to one; undefined when they are too many to be looked at. */
async function referrersOf(
  store: Pick<Store, 'search'>,
  viewer: Viewer,
  { type, keys, own, id }: Referring,
): Promise<Facts[] | undefined> {
  const { matches, next } = await store.search(viewer, requestOf(type, refersTo(keys, own, [id]), MOST));
  return next === undefined ? matches.map(({ resource }) => factsOf(resource)) : undefined;
}

/** What the search refuses (a value set whose codes are not known here) holds of nothing. */
async function holdsInRecord(
  store: Pick<Store, 'search'>,
  viewer: Viewer,
  { type, id, match }: { type: ResourceType; id: string; match: Match },
): Promise<boolean> {
  const here: Match = { kind: 'and', of: [{ kind: 'ids', ids: [id] }, match] };
  try {
    return (await store.search(viewer, requestOf(type, here, 1))).matches.length > 0;
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'malformed') return false;
    throw error;
  }
}

/** https://hl7.org/fhir/R4/search.html#list */
function isListed(list: List | undefined, { type }: ListMatch, id: string): boolean {
  return (list?.entry ?? []).some(({ deleted, item }) => {
    const target = item.reference === undefined ? undefined : parseReference(item.reference);
    return deleted !== true && target?.kind === 'local' && target.type === type && target.id === id;
  });
}
