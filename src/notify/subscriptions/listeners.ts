import type { ResourceType } from '@medplum/fhirtypes';
import { type Facts, type Match, parseSearch, type SearchRequest } from '../../search';
import type { Store } from '../../store';
import { findTopic, type CompiledTopic } from '../topics';
import type { CompiledSubscription, RecordChange } from '../types';
import { filtersOf, searchOf } from './filters';
import { factsOf, type Neighbours, neighboursIn } from './neighbours';

/** What a subscription listens for. */
export interface Listener {
  subscription: CompiledSubscription;
  /** The topic's URL; undefined for R4 criteria. */
  topic: string | undefined;
  /** Searches by type, all of which must hold. A type that is not here is of no interest. */
  searches: ReadonlyMap<ResourceType, readonly SearchRequest[]>;
}

/** R4 criteria are one search; a topic's filters are searches that narrow it. One that no longer parses listens for nothing. */
export function listenerOf(
  subscription: CompiledSubscription,
  topics: readonly CompiledTopic[],
): Listener | undefined {
  const { form, practices, resource } = subscription;
  if (form.kind === 'vendor') return undefined;
  try {
    if (form.kind === 'r4' || form.topic === undefined) {
      const [type = '', query = ''] = resource.criteria.split(/\?(.*)/s, 2);
      const search = parseSearch(type as ResourceType, query);
      return { subscription, topic: undefined, searches: new Map([[type as ResourceType, [search]]]) };
    }
    const found = findTopic(topics, ({ topic }) => topic, form.topic, practices);
    if (found === undefined) return undefined;
    const searches = new Map<ResourceType, SearchRequest[]>(
      found.topic.triggers.map(({ type }) => [type, []]),
    );
    for (const filter of filtersOf(resource, found.topic)) searches.get(filter.type)?.push(searchOf(filter));
    return { subscription, topic: found.topic.url, searches };
  } catch {
    return undefined;
  }
}

/**
 * Listeners found by what a changed resource says instead of one by one: each hangs on one index entry that its
 * searches require, of the resource itself or of one that a chain leads to. So a change costs what its own entries
 * cost, however many subscriptions there are.
 */
export class ListenerIndex {
  private readonly listeners = new Map<string, Listener>();
  private readonly anchored = new Map<string, Set<string>>();
  /** Chains that listeners hang on, by the type they begin at. */
  private readonly chains = new Map<string, Map<string, Chain & { count: number }>>();

  constructor(private readonly store: Pick<Store, 'search' | 'readMany'>) {}

  put(listener: Listener): void {
    const { id } = listener.subscription;
    this.remove(id);
    this.listeners.set(id, listener);
    for (const anchor of anchorsOf(listener)) {
      const key = keyOf(listener.topic ?? '', anchor.type, anchor);
      this.anchored.set(key, (this.anchored.get(key) ?? new Set()).add(id));
      this.count(anchor, 1);
    }
  }

  remove(id: string): void {
    const listener = this.listeners.get(id);
    for (const anchor of listener === undefined ? [] : anchorsOf(listener)) {
      const key = keyOf(listener?.topic ?? '', anchor.type, anchor);
      const set = this.anchored.get(key);
      set?.delete(id);
      if (set?.size === 0) this.anchored.delete(key);
      this.count(anchor, -1);
    }
    this.listeners.delete(id);
  }

  private count({ type, chain }: Anchor & { type: ResourceType }, by: 1 | -1): void {
    if (chain === undefined) return;
    const ofType = this.chains.get(type) ?? new Map<string, Chain & { count: number }>();
    const count = (ofType.get(chainId(chain))?.count ?? 0) + by;
    if (count > 0) ofType.set(chainId(chain), { ...chain, count });
    else ofType.delete(chainId(chain));
    this.chains.set(type, ofType);
  }

  /** Subscriptions that a change concerns; `fired` are the URLs of the topics that it triggers. */
  async matching(change: RecordChange, fired: readonly string[]): Promise<CompiledSubscription[]> {
    const { current, previous } = change;
    // R4 criteria are about what is there; a topic may be about what was removed.
    const subject = current.deleted ? previous : current;
    if (subject === undefined || subject.deleted) return [];
    const facts = factsOf(subject.resource);
    const heads = [...(current.deleted ? [] : ['']), ...fired];
    const neighbours = neighboursIn(this.store);
    const candidates = await this.candidates(current.type, facts, heads, neighbours);
    const concerned = candidates.filter(({ subscription }) =>
      mayConcern(subscription, subject.access, change),
    );
    const held = await Promise.all(
      concerned.map(({ searches }) => holds(searches, current.type, facts, neighbours)),
    );
    return concerned.filter((_, i) => held[i]).map(({ subscription }) => subscription);
  }

  private async candidates(
    type: ResourceType,
    facts: Facts,
    heads: readonly string[],
    neighbours: Neighbours,
  ): Promise<Listener[]> {
    const found = new Set<string>();
    const look = (entry: string, chain?: Chain): void => {
      for (const head of heads)
        for (const id of this.anchored.get(keyOf(head, type, { entry, chain })) ?? []) found.add(id);
    };
    for (const entry of ['', ...facts.entries]) look(entry);
    for (const chain of this.chains.get(type)?.values() ?? []) {
      for (const { entries } of await neighbours.targets(facts, chain.keys, chain.target))
        for (const entry of entries) look(entry, chain);
    }
    return [...found].flatMap((id) => this.listeners.get(id) ?? []);
  }
}

/** Criteria that are about the resource alone cost no turn of the loop. */
async function holds(
  searches: Listener['searches'],
  type: ResourceType,
  facts: Facts,
  neighbours: Neighbours,
): Promise<boolean> {
  const all = searches.get(type);
  if (all === undefined) return false;
  const matches = all.flatMap(({ targets }) => targets.map(({ match }) => match));
  return neighbours.holds({ kind: 'and', of: matches }, type, facts);
}

/** References by which other resources are reached. */
interface Chain {
  keys: readonly string[];
  target: ResourceType;
}

/** An index entry of the resource itself, or of one at the end of a chain; `''` hangs on every resource. */
interface Anchor {
  entry: string;
  chain: Chain | undefined;
}

function chainId({ keys, target }: Chain): string {
  return `${keys.join(',')}>${target}`;
}

function keyOf(head: string, type: string, { entry, chain }: Anchor): string {
  return `${head}#${type} ${chain === undefined ? '' : `>${chainId(chain)} `}${entry}`;
}

function anchorsOf({ searches }: Listener): (Anchor & { type: ResourceType })[] {
  return [...searches].flatMap(([type, all]) => {
    // Each search is about this type alone, and all of them must hold.
    const matches = all.flatMap(({ targets }) => targets.map(({ match }) => match));
    const anchors = requiredBy({ kind: 'and', of: matches }) ?? [{ entry: '', chain: undefined }];
    return anchors.map((anchor) => ({ ...anchor, type }));
  });
}

/** Anchors one of which must be there for the match to hold; undefined when there is no telling. */
function requiredBy(match: Match): readonly Anchor[] | undefined {
  switch (match.kind) {
    case 'entry':
      return match.keys.map((entry) => ({ entry, chain: undefined }));
    case 'and':
      return cheapest(match.of.flatMap((part) => [requiredBy(part)].filter((each) => each !== undefined)));
    case 'or':
      return together(match.of.map(requiredBy));
    case 'join':
      return together(
        match.targets.map(({ type, match: inner }) =>
          behind({ keys: match.keys, target: type }, requiredBy(inner)),
        ),
      );
    default:
      return undefined;
  }
}

/** Those of the resource itself before those of others, which have to be read. */
function cheapest(each: readonly (readonly Anchor[])[]): readonly Anchor[] | undefined {
  return each.find((anchors) => anchors.every(({ chain }) => chain === undefined)) ?? each[0];
}

function together(each: readonly (readonly Anchor[] | undefined)[]): readonly Anchor[] | undefined {
  const known = each.flatMap((anchors) => (anchors === undefined ? [] : [anchors]));
  return each.length > 0 && known.length === each.length ? known.flat() : undefined;
}

/** Chains of one step are followed; what lies further is no anchor. */
function behind(chain: Chain, anchors: readonly Anchor[] | undefined): readonly Anchor[] | undefined {
  return anchors?.every((each) => each.chain === undefined) === true
    ? anchors.map(({ entry }) => ({ entry, chain }))
    : undefined;
}

/** A practice's subscription is about what the practice may see while it lasts; delivery checks again. */
function mayConcern(
  { practices, end }: CompiledSubscription,
  access: readonly string[],
  { event }: RecordChange,
): boolean {
  if (end !== undefined && event.at > end) return false;
  return (
    practices.length === 0 || access.includes('*') || practices.some((practice) => access.includes(practice))
  );
}
