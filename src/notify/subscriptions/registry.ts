import type { Subscription } from '@medplum/fhirtypes';
import { parseSearch } from '../../search';
import { EVERYTHING, pagesOf, type Store, type StoredVersion } from '../../store';
import { compileTopic, findTopic, shapeOf, topicsIn, type CompiledTopic, type Topic } from '../topics';
import type { CompiledSubscription, RecordChange } from '../types';
import { compileSubscription } from './compile';
import { listenerOf } from './listener';
import { ListenerIndex } from './listeners';
import type { Surroundings, ViewerOf } from './neighbours';
import { REGISTRY_MARK } from './rules';

/** The subscriptions and topics of the deployment, in memory. */
export interface Registry {
  /** Takes in what has changed since the last call; one read of a counter when nothing has. */
  refresh(): Promise<void>;
  /** Takes in the topics alone, which are few. */
  takeTopics(): Promise<void>;
  /** Subscriptions whose criteria or topic a change meets. */
  matching(change: RecordChange): Promise<CompiledSubscription[]>;
  /** The same for changes that come together, in their order: what their criteria look at is read once for all. */
  matchingEach(changes: readonly RecordChange[]): Promise<CompiledSubscription[][]>;
  /** Vendor webhooks of practices for an event. */
  webhooksOf(practices: readonly string[], event: string): CompiledSubscription[];
  /** Those that wait for their handshake. */
  requested(): CompiledSubscription[];
  /** Those whose end has come. */
  ended(now: Date): CompiledSubscription[];
  /** Topics that can be subscribed to. */
  topics(): Topic[];
  /** Includes of a topic's notifications on a type, as search parameters. */
  shapeOf(subscription: CompiledSubscription, type: string): string | undefined;
}

/** Clocks of several processes may differ; what is read twice is taken in twice, harmlessly. */
const OVERLAP_MS = 10_000;
const PAGE = 1_000;
/** Changes matched side by side: as many may ask the database at the same time. */
const AT_ONCE = 50;

export function createRegistry(store: Store, viewerOf: ViewerOf): Registry {
  const compiled = new Map<string, CompiledSubscription>();
  const webhooks = new Map<string, Set<string>>();
  const waiting = new Set<string>();
  const listeners = new ListenerIndex(store, viewerOf);
  let topics: CompiledTopic[] = [];
  let topicsKnown = '';
  let seen = 0;
  let counted: number | undefined;

  const hang = (subscription: CompiledSubscription): void => {
    const listener = listenerOf(subscription, topics);
    if (listener === undefined) listeners.remove(subscription.id);
    else listeners.put(listener);
  };
  const remove = (id: string): void => {
    const known = compiled.get(id);
    for (const key of known === undefined ? [] : webhookKeys(known)) webhooks.get(key)?.delete(id);
    listeners.remove(id);
    compiled.delete(id);
    waiting.delete(id);
  };
  const take = (stored: StoredVersion<Subscription>): void => {
    seen = Math.max(seen, stored.lastUpdated.getTime());
    if (compiled.get(stored.id)?.version === stored.version) return;
    remove(stored.id);
    // Nobody listens in error or after the end; a Subscription that waits for its handshake already counts.
    if (stored.deleted || !['requested', 'active'].includes(stored.resource.status)) return;
    const subscription = compileSubscription(stored, stored.author);
    compiled.set(stored.id, subscription);
    if (subscription.status === 'requested') waiting.add(stored.id);
    for (const key of webhookKeys(subscription))
      webhooks.set(key, (webhooks.get(key) ?? new Set()).add(stored.id));
    hang(subscription);
  };
  const takeTopics = async (): Promise<void> => {
    const found = await topicsIn(store);
    const text = JSON.stringify(found);
    if (text === topicsKnown) return;
    topicsKnown = text;
    topics = found.map(compileTopic);
    for (const subscription of compiled.values())
      if (subscription.form.kind === 'backport') hang(subscription);
  };
  const run = async (): Promise<void> => {
    const count = await store.marks(REGISTRY_MARK);
    if (count === counted) return;
    await takeTopics();
    for await (const stored of seen === 0
      ? everySubscription(store)
      : changedSince(store, new Date(seen - OVERLAP_MS)))
      take(stored);
    counted = count;
  };
  const matching = (change: RecordChange, surroundings: Surroundings): Promise<CompiledSubscription[]> => {
    const fired = topics.filter((topic) => topic.fires(change)).map(({ topic }) => topic.url);
    return listeners.matching(change, [...new Set(fired)], surroundings);
  };
  const of = (ids: Iterable<string>): CompiledSubscription[] =>
    [...ids].flatMap((id) => compiled.get(id) ?? []);
  return {
    refresh: sharedRuns(run),
    takeTopics,
    matching: (change) => matching(change, listeners.surroundings()),
    matchingEach: async (changes) => {
      const found: CompiledSubscription[][] = [];
      const surroundings = listeners.surroundings();
      for (let at = 0; at < changes.length; at += AT_ONCE) {
        const part = changes.slice(at, at + AT_ONCE);
        found.push(...(await Promise.all(part.map((change) => matching(change, surroundings)))));
      }
      return found;
    },
    webhooksOf: (practices, event) =>
      of(new Set(practices.flatMap((practice) => [...(webhooks.get(`${practice} ${event}`) ?? [])]))),
    requested: () => of(waiting),
    ended: (now) => [...compiled.values()].filter(({ end }) => end !== undefined && end <= now),
    topics: () => topics.map(({ topic }) => topic),
    shapeOf: ({ form, practices }, type) => {
      const named = form.kind === 'backport' ? form.topic : undefined;
      const found =
        named === undefined ? undefined : findTopic(topics, ({ topic }) => topic, named, practices);
      return found === undefined ? undefined : shapeOf(found.topic, type);
    },
  };
}

function webhookKeys({ form, practices }: CompiledSubscription): string[] {
  return form.kind === 'vendor'
    ? form.events.flatMap((event) => practices.map((practice) => `${practice} ${event}`))
    : [];
}

/** All that there are, page by page. */
export async function* everySubscription(store: Store): AsyncGenerator<StoredVersion<Subscription>> {
  const request = parseSearch('Subscription', `_count=${PAGE}`);
  for await (const { matches } of pagesOf(store, EVERYTHING, request)) {
    // Read once more: a search does not tell who wrote them.
    yield* (await store.readMany(EVERYTHING, matches)) as StoredVersion<Subscription>[];
  }
}

/** The newest version of each that changed, deleted ones too. */
async function* changedSince(store: Store, since: Date): AsyncGenerator<StoredVersion<Subscription>> {
  const shown = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await store.history(EVERYTHING, {
      type: 'Subscription',
      since,
      count: PAGE,
      ...(cursor !== undefined && { cursor }),
    });
    for (const version of page.versions) {
      if (!shown.has(version.id)) yield version as unknown as StoredVersion<Subscription>;
      shown.add(version.id);
    }
    cursor = page.next;
  } while (cursor !== undefined);
}

/** Calls made while a run is under way share the next one: each sees what was committed before it was made. */
function sharedRuns(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    const mine = run().finally(() => {
      if (running === mine) running = undefined;
    });
    running = mine;
    return mine;
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
