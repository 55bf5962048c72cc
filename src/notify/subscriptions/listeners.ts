import type { ResourceType } from '@medplum/fhirtypes';
import { evaluate, type Facts, factsOf } from '../../search';
import type { Store } from '../../store';
import type { CompiledSubscription, RecordChange } from '../types';
import { ANYTHING, type Anchor, type Chain, chainId, placeOf, waysToAnchor } from './anchors';
import type { Criterion, Listener } from './listener';
import { type Neighbours, type Surroundings, surroundingsIn, type ViewerOf } from './neighbours';

/** Where a listener hangs. */
interface Hook {
  place: string;
  type: ResourceType;
  anchor: Anchor;
}

/**
 * Listeners found by what a changed resource says instead of one by one: each hangs on index entries that its criteria
 * require, of the resource itself or of one that a chain leads to. So a change costs what its own entries cost, however
 * many subscriptions there are.
 */
export class ListenerIndex {
  private readonly listeners = new Map<string, { listener: Listener; hooks: readonly Hook[] }>();
  private readonly hung = new Map<string, Set<string>>();
  /** How many hooks there are for a type: most changes are of types that nobody listens to. */
  private readonly hooksOf = new Map<ResourceType, number>();
  /** Lengths of prefixes in use, and how often. */
  private readonly lengths = new Map<number, number>();
  /** Chains in use by the type they begin at, and how often. */
  private readonly chains = new Map<ResourceType, Map<string, { chain: Chain; count: number }>>();

  constructor(
    private readonly store: Pick<Store, 'search' | 'readMany'>,
    private readonly viewerOf: ViewerOf,
  ) {}

  put(listener: Listener): void {
    const { id } = listener.subscription;
    this.remove(id);
    const hooks = [...listener.criteria].flatMap(([type, criterion]) =>
      this.hooksFor(listener.topic ?? '', type, criterion),
    );
    for (const { place } of hooks) this.hung.set(place, (this.hung.get(place) ?? new Set()).add(id));
    for (const hook of hooks) this.count(hook, 1);
    this.listeners.set(id, { listener, hooks });
  }

  remove(id: string): void {
    for (const hook of this.listeners.get(id)?.hooks ?? []) {
      const set = this.hung.get(hook.place);
      set?.delete(id);
      if (set?.size === 0) this.hung.delete(hook.place);
      this.count(hook, -1);
    }
    this.listeners.delete(id);
  }

  /** Of several ways to hang, the one where the fewest hang already; entries of others, which have to be read, last. */
  private hooksFor(topic: string, type: ResourceType, { match }: Criterion): Hook[] {
    const ways = waysToAnchor(match).map((way) =>
      way.map((anchor) => ({ place: placeOf(topic, type, anchor), type, anchor })),
    );
    const own = ways.filter((way) => way.every(({ anchor }) => anchor.chain === undefined));
    const crowd = (way: readonly Hook[]): number =>
      way.reduce((sum, { place }) => sum + (this.hung.get(place)?.size ?? 0), 0);
    const [best] = (own.length > 0 ? own : ways).sort((a, b) => crowd(a) - crowd(b));
    return best ?? [{ place: placeOf(topic, type, ANYTHING), type, anchor: ANYTHING }];
  }

  private count({ type, anchor: { entry, isPrefix, chain } }: Hook, by: 1 | -1): void {
    this.hooksOf.set(type, (this.hooksOf.get(type) ?? 0) + by);
    if (isPrefix) {
      const count = (this.lengths.get(entry.length) ?? 0) + by;
      if (count > 0) this.lengths.set(entry.length, count);
      else this.lengths.delete(entry.length);
    }
    if (chain === undefined) return;
    const ofType = this.chains.get(type) ?? new Map<string, { chain: Chain; count: number }>();
    const count = (ofType.get(chainId(chain))?.count ?? 0) + by;
    if (count > 0) ofType.set(chainId(chain), { chain, count });
    else ofType.delete(chainId(chain));
    this.chains.set(type, ofType);
  }

  /** What changes that come together may look at together: each neighbour of any of them is read once. */
  surroundings(): Surroundings {
    return surroundingsIn(this.store, this.viewerOf);
  }

  /**
   * Subscriptions that a change concerns; `fired` are the URLs of the topics that it triggers. `surroundings` are of this
   * call or of others about changes that were committed before the first of them.
   */
  async matching(
    change: RecordChange,
    fired: readonly string[],
    surroundings: Surroundings = this.surroundings(),
  ): Promise<CompiledSubscription[]> {
    const { current, previous } = change;
    // R4 criteria are about what is there; a topic may be about what was removed.
    const subject = current.deleted ? previous : current;
    if (subject === undefined || subject.deleted) return [];
    const { type } = current;
    if ((this.hooksOf.get(type) ?? 0) === 0) return [];
    const facts = factsOf(subject.resource);
    const candidates = await this.candidates(
      type,
      facts,
      [...(current.deleted ? [] : ['']), ...fired],
      surroundings.all,
    );
    const found: CompiledSubscription[] = [];
    const open: { subscription: CompiledSubscription; criterion: Criterion }[] = [];
    for (const { subscription, criteria } of candidates) {
      const criterion = criteria.get(type);
      if (criterion === undefined || !mayConcern(subscription, subject.access, change)) continue;
      if (!criterion.isAlone) open.push({ subscription, criterion });
      else if (evaluate(criterion.match, facts)) found.push(subscription);
    }
    const held = await Promise.all(
      open.map(async ({ subscription, criterion }) =>
        (await surroundings.of(subscription))?.holds(criterion.match, type, facts),
      ),
    );
    return [...found, ...open.filter((_, i) => held[i]).map(({ subscription }) => subscription)];
  }

  private async candidates(
    type: ResourceType,
    facts: Facts,
    topics: readonly string[],
    neighbours: Neighbours,
  ): Promise<Listener[]> {
    const found = new Set<string>();
    const take = (anchor: Anchor): void => {
      for (const topic of topics)
        for (const id of this.hung.get(placeOf(topic, type, anchor)) ?? []) found.add(id);
    };
    const takeAll = (entries: Iterable<string>, chain: Chain | undefined): void => {
      for (const entry of entries) {
        take({ entry, isPrefix: false, chain });
        for (const length of this.lengths.keys())
          if (length <= entry.length) take({ entry: entry.slice(0, length), isPrefix: true, chain });
      }
    };
    take(ANYTHING);
    takeAll(facts.entries, undefined);
    const chains = [...(this.chains.get(type)?.values() ?? [])];
    const ends = await Promise.all(
      chains.map(({ chain }) => neighbours.targets(facts, chain.keys, chain.target)),
    );
    chains.forEach(({ chain }, i) => ends[i]?.forEach(({ entries }) => takeAll(entries, chain)));
    return [...found].flatMap((id) => this.listeners.get(id)?.listener ?? []);
  }
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
