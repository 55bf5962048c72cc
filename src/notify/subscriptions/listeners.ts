import type { Resource, ResourceType } from '@medplum/fhirtypes';
import {
  dependsOnOthers,
  evaluate,
  extractIndex,
  parseSearch,
  type Facts,
  type Match,
  type SearchRequest,
} from '../../search';
import { EVERYTHING, type Store } from '../../store';
import { findTopic, type CompiledTopic } from '../topics';
import type { CompiledSubscription, RecordChange } from '../types';
import { filtersOf, searchOf } from './filters';

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
 * searches require, so a change costs what its own entries cost, however many subscriptions there are.
 */
export class ListenerIndex {
  private readonly listeners = new Map<string, Listener>();
  private readonly anchors = new Map<string, Set<string>>();

  constructor(private readonly store: Pick<Store, 'search'>) {}

  put(listener: Listener): void {
    const { id } = listener.subscription;
    this.remove(id);
    this.listeners.set(id, listener);
    for (const anchor of anchorsOf(listener))
      this.anchors.set(anchor, (this.anchors.get(anchor) ?? new Set()).add(id));
  }

  remove(id: string): void {
    const listener = this.listeners.get(id);
    for (const anchor of listener === undefined ? [] : anchorsOf(listener)) {
      const set = this.anchors.get(anchor);
      set?.delete(id);
      if (set?.size === 0) this.anchors.delete(anchor);
    }
    this.listeners.delete(id);
  }

  /** Subscriptions that a change concerns; `fired` are the URLs of the topics that it triggers. */
  async matching(change: RecordChange, fired: readonly string[]): Promise<CompiledSubscription[]> {
    const { current, previous } = change;
    // R4 criteria are about what is there; a topic may be about what was removed.
    const subject = current.deleted ? previous : current;
    if (subject === undefined || subject.deleted) return [];
    const facts = factsOf(subject.resource);
    const heads = [...(current.deleted ? [] : ['']), ...fired];
    const candidates = new Set<string>();
    for (const head of heads) {
      for (const entry of ['', ...facts.entries]) {
        for (const id of this.anchors.get(anchor(head, current.type, entry)) ?? []) candidates.add(id);
      }
    }
    const found: CompiledSubscription[] = [];
    for (const id of candidates) {
      const listener = this.listeners.get(id);
      if (listener === undefined || !mayConcern(listener.subscription, subject.access, change)) continue;
      if (await this.holds(listener, current.type, facts)) found.push(listener.subscription);
    }
    return found;
  }

  private async holds({ searches }: Listener, type: ResourceType, facts: Facts): Promise<boolean> {
    for (const search of searches.get(type) ?? []) {
      const isTrue = dependsOnOthers(search)
        ? await this.holdsInRecord(search, type, facts.id)
        : search.targets.some(({ match }) => evaluate(match, facts));
      if (!isTrue) return false;
    }
    return searches.has(type);
  }

  /** Chains, `_has` and the like look at other resources: the record is asked, for this one resource. */
  private async holdsInRecord(search: SearchRequest, type: ResourceType, id: string): Promise<boolean> {
    const match: Match = {
      kind: 'and',
      of: [{ kind: 'ids', ids: [id] }, ...search.targets.map((target) => target.match)],
    };
    const { matches } = await this.store.search(EVERYTHING, {
      ...search,
      targets: [{ type, match }],
      sort: [],
      count: 1,
      includes: [],
    });
    return matches.length > 0;
  }
}

function anchor(head: string, type: string, entry: string): string {
  return `${head}#${type} ${entry}`;
}

function anchorsOf({ topic = '', searches }: Listener): string[] {
  return [...searches].flatMap(([type, all]) => {
    const required = all.map((search) =>
      requiredEntries({ kind: 'or', of: search.targets.map(({ match }) => match) }),
    );
    const entries = required.find((each) => each !== undefined);
    return (entries ?? ['']).map((entry) => anchor(topic, type, entry));
  });
}

/** Entries one of which must be there for the match to hold; undefined when none is. */
function requiredEntries(match: Match): readonly string[] | undefined {
  switch (match.kind) {
    case 'entry':
      return match.keys;
    case 'and':
      return match.of.map(requiredEntries).find((entries) => entries !== undefined);
    case 'or': {
      const each = match.of.map(requiredEntries);
      return each.length > 0 && each.every((entries) => entries !== undefined) ? each.flat() : undefined;
    }
    default:
      return undefined;
  }
}

function factsOf(resource: Resource): Facts {
  const { index, ranges } = extractIndex(resource);
  return { id: resource.id ?? '', resource, entries: new Set(['*', ...index]), ranges, probe: () => false };
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
