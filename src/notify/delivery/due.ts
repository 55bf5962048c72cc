import type { Delivery } from '../types';
import { gathered } from '../../store';
import type { Queues } from './queues';

/** Notices looked at in one turn. */
const TURN = 200;
/** Notices that one query brings for several queues. */
const TOGETHER = 1_000;

/** The oldest notices of a queue that wait. */
export interface Page {
  pending: readonly Delivery[];
  /** Nothing waits behind them. */
  isWhole: boolean;
}

/** Reads the pages of queues whose turns begin at the same time in one query, as long as it can hold them all. */
export function createPages({
  deliveries,
}: Pick<Queues, 'deliveries'>): (subscription: string) => Promise<Page> {
  const one = async (subscription: string): Promise<Page> => {
    const pending = await deliveries
      .find({ subscription, state: 'pending' })
      .sort({ number: 1 })
      .limit(TURN)
      .toArray();
    return { pending, isWhole: pending.length < TURN };
  };
  return gathered(async (subscriptions: readonly string[]) => {
    const [first] = subscriptions;
    if (subscriptions.length === 1 && first !== undefined) return [await one(first)];
    const filter = { subscription: { $in: [...subscriptions] }, state: 'pending' as const };
    const all = await deliveries.find(filter).sort({ subscription: 1, number: 1 }).limit(TOGETHER).toArray();
    if (all.length === TOGETHER) return Promise.all(subscriptions.map(one));
    const pages = new Map<string, Delivery[]>(subscriptions.map((id) => [id, []]));
    for (const delivery of all) pages.get(delivery.subscription)?.push(delivery);
    return subscriptions.map((id) => ({ pending: pages.get(id) ?? [], isWhole: true }));
  });
}

/** Notices that are due and that nothing older of their key holds up. */
export async function dueOf(
  { deliveries }: Pick<Queues, 'deliveries'>,
  subscription: string,
  page: Page,
  now: Date,
): Promise<readonly Delivery[]> {
  const waiting = new Set<string>();
  for (let { pending, isWhole } = page; ;) {
    const due = pending.filter(({ key, nextAt }) => {
      if (nextAt > now) waiting.add(key);
      return !waiting.has(key);
    });
    if (due.length > 0 || isWhole) return due;
    // A page of nothing but waiting keys must not hide those behind it.
    pending = await deliveries
      .find({ subscription, state: 'pending', key: { $nin: [...waiting] } })
      .sort({ number: 1 })
      .limit(TURN)
      .toArray();
    isWhole = pending.length < TURN;
  }
}

/** When the first deliverable notice is due: of each key only the oldest counts. */
export async function nextDue(
  { deliveries }: Pick<Queues, 'deliveries'>,
  subscription: string,
): Promise<Date | undefined> {
  const pending = await deliveries
    .find({ subscription, state: 'pending' }, { projection: { key: 1, nextAt: 1 } })
    .sort({ number: 1 })
    .limit(TURN)
    .toArray();
  const heads = new Map<string, number>();
  for (const { key, nextAt } of pending) if (!heads.has(key)) heads.set(key, nextAt.getTime());
  if (heads.size === 0) return undefined;
  // Behind a full page of waiting keys others may be due now.
  const soonest = Math.min(...heads.values());
  return new Date(pending.length < TURN ? soonest : Math.min(soonest, Date.now() + BEHIND_MS));
}

const BEHIND_MS = 1_000;
