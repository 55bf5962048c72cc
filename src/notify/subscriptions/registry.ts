import type { ResourceType, Subscription } from '@medplum/fhirtypes';
import { extractIndex, matchesInMemory, parseSearch, type Match, type SearchRequest } from '../../search';
import { EVERYTHING, type Store, type StoredVersion } from '../../store';
import type { CompiledSubscription, RecordChange } from '../types';
import { compileSubscription, filterCriteria, isTopicBased } from './compile';

/** What a subscription listens for: searches, any of which a change must match. */
interface Listener {
  subscription: CompiledSubscription;
  searches: readonly SearchRequest[];
}

/**
 * The subscriptions of the deployment in memory, found by what a changed resource says instead of one by one: each
 * listener hangs on one index entry that its search requires, so a change costs what its own entries cost, however
 * many subscriptions there are.
 */
export interface Registry {
  /** Takes in what has changed since the last call; cheap when nothing has. */
  refresh(): Promise<void>;
  get(id: string): CompiledSubscription | undefined;
  /** R4 subscriptions whose criteria the present version matches. */
  matching(change: RecordChange): CompiledSubscription[];
  /** Vendor webhooks of practices for an event. */
  webhooksOf(practices: readonly string[], event: string): CompiledSubscription[];
  all(): CompiledSubscription[];
}

const LIVE = new Set(['requested', 'active']);
/** Clocks of several processes may differ; what is read twice is taken in twice, harmlessly. */
const OVERLAP_MS = 10_000;

export function createRegistry(store: Store): Registry {
  const compiled = new Map<string, CompiledSubscription>();
  const listeners = new Map<string, Listener>();
  /** `Type` + entry, or `Type` alone for listeners that require no entry. */
  const anchors = new Map<string, Set<string>>();
  let seen = 0;

  const remove = (id: string): void => {
    const listener = listeners.get(id);
    for (const anchor of listener === undefined ? [] : anchorsOf(listener)) anchors.get(anchor)?.delete(id);
    listeners.delete(id);
    compiled.delete(id);
  };
  const add = (stored: StoredVersion<Subscription>): void => {
    remove(stored.id);
    if (stored.deleted || !LIVE.has(stored.resource.status)) return;
    const subscription = compileSubscription(stored, stored.author);
    compiled.set(stored.id, subscription);
    if (subscription.form.kind === 'vendor') return;
    const listener = listenerOf(subscription, stored.resource);
    listeners.set(stored.id, listener);
    for (const anchor of anchorsOf(listener)) anchors.set(anchor, (anchors.get(anchor) ?? new Set()).add(stored.id));
  };
  return {
    refresh: sharedRuns(async () => {
      const since = seen === 0 ? '' : `_lastUpdated=ge${new Date(seen - OVERLAP_MS).toISOString()}&`;
      let cursor: string | undefined;
      do {
        const request = parseSearch('Subscription', `${since}_count=1000`);
        const page = await store.search(EVERYTHING, cursor === undefined ? request : { ...request, cursor });
        for (const match of page.matches) {
          const known = compiled.get(match.id);
          if (known?.version !== match.version) add(match as StoredVersion<Subscription>);
          seen = Math.max(seen, match.lastUpdated.getTime());
        }
        cursor = page.next;
      } while (cursor !== undefined);
    }),
    get: (id) => compiled.get(id),
    matching: (change) => matching(change, anchors, listeners),
    webhooksOf: (practices, event) =>
      [...compiled.values()].filter(
        ({ form, practices: owners }) => form.kind === 'vendor' && form.events.includes(event) && owners.some((owner) => practices.includes(owner)),
      ),
    all: () => [...compiled.values()],
  };
}

/** Calls made while a run is under way share the next one: each sees what was committed before it was made. */
function sharedRuns(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    running = run().finally(() => (running = undefined));
    return running;
  };
  return () => {
    if (running === undefined) return start();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  };
}

/** R4 criteria are one search; a topic's filters are the searches of the topic, and none of it is R4's. */
function listenerOf(subscription: CompiledSubscription, resource: Subscription): Listener {
  const criteria = isTopicBased(resource) ? filterCriteria(resource) : [resource.criteria];
  return { subscription, searches: criteria.flatMap(parsed) };
}

/** Criteria were checked when the Subscription was accepted; one that no longer parses listens for nothing. */
function parsed(criteria: string): SearchRequest[] {
  const [type, query = ''] = criteria.split('?', 2);
  try {
    return [parseSearch(type as ResourceType, query)];
  } catch {
    return [];
  }
}

function anchorsOf({ searches }: Listener): string[] {
  return searches.flatMap(({ targets }) =>
    targets.flatMap(({ type, match }) => {
      const entries = requiredEntries(match);
      return entries === undefined ? [type] : entries.map((entry) => `${type} ${entry}`);
    }),
  );
}

/** Entries one of which must be there for the match to hold; undefined when none is. */
function requiredEntries(match: Match): readonly string[] | undefined {
  if (match.kind === 'entry') return match.keys;
  if (match.kind !== 'and') return undefined;
  for (const each of match.of) {
    const entries = requiredEntries(each);
    if (entries !== undefined) return entries;
  }
  return undefined;
}

function matching(change: RecordChange, anchors: Map<string, Set<string>>, listeners: Map<string, Listener>): CompiledSubscription[] {
  const { current } = change;
  if (current.deleted) return [];
  const candidates = new Set(anchors.get(current.type));
  for (const entry of extractIndex(current.resource).index) {
    for (const id of anchors.get(`${current.type} ${entry}`) ?? []) candidates.add(id);
  }
  const found: CompiledSubscription[] = [];
  for (const id of candidates) {
    const listener = listeners.get(id);
    if (listener === undefined || listener.subscription.form.kind === 'vendor') continue;
    if (!mayConcern(listener.subscription, current)) continue;
    if (listener.searches.some((search) => matchesInMemory(search, current.resource))) found.push(listener.subscription);
  }
  return found;
}

/** A practice's subscription is about what the practice may see; delivery checks again. */
function mayConcern({ practices }: CompiledSubscription, { access }: StoredVersion): boolean {
  return practices.length === 0 || access.includes('*') || practices.some((practice) => access.includes(practice));
}
