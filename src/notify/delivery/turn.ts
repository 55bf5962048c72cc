import type { CompiledSubscription, Delivery, Queue } from '../types';
import { deliver, type DeliverContext, forCalls } from './deliver';

/** What a turn of a queue needs besides a delivery's own needs. */
export interface TurnContext extends DeliverContext {
  /** The subscription as it is now; undefined when it is gone. */
  subscription(id: string): Promise<CompiledSubscription | undefined>;
  /** A websocket's notices are sent by the processes that hold its sockets. */
  wakeSockets(subscription: string): void;
}

/** Notices looked at in one turn. */
const TURN = 200;
/** Calls to one receiver at once, where each notice is a call of its own. */
const PARALLEL = 8;
/** A receiver that has failed for so long is only probed, one call a turn. */
const CIRCUIT_OPENS_MS = 60_000;
const PROBE_MS = 1_000;
/** When to look again at what a Subscription's state keeps waiting; activation wakes it at once. */
const ASK_AGAIN_MS = { requested: 2_000, error: 30_000 } as const;

/** What a turn leaves behind. */
interface Outcome {
  next: Date | undefined;
  failingSince?: Date | undefined;
  notBefore?: Date | undefined;
}

/** One turn: what is due is sent; a key whose notice fails waits, others go on; then the queue is given back. */
export async function takeTurn(context: TurnContext, queue: Queue, mayGoOn: () => boolean): Promise<void> {
  await release(context, queue, await outcomeOf(context, queue, mayGoOn));
}

async function outcomeOf(context: TurnContext, queue: Queue, mayGoOn: () => boolean): Promise<Outcome> {
  const subscription = await context.subscription(queue._id);
  if (subscription === undefined || subscription.status === 'off') {
    await layAside(context, queue._id);
    return { next: undefined };
  }
  if (subscription.status !== 'active') {
    return { ...queue, next: new Date(context.clock().getTime() + ASK_AGAIN_MS[subscription.status]) };
  }
  if (subscription.channel === 'websocket') {
    context.wakeSockets(subscription.id);
    return { next: undefined };
  }
  return deliverDue(context, subscription, queue, mayGoOn);
}

async function layAside({ queues, clock }: TurnContext, subscription: string): Promise<void> {
  await queues.deliveries.updateMany({ subscription, state: 'pending' }, { $set: { state: 'skipped', settledAt: clock() } });
}

async function deliverDue(context: TurnContext, subscription: CompiledSubscription, queue: Queue, mayGoOn: () => boolean): Promise<Outcome> {
  const outcome: Outcome = { next: undefined, failingSince: queue.failingSince, notBefore: queue.notBefore };
  const isHeld = (): boolean => outcome.notBefore !== undefined && outcome.notBefore > context.clock();
  const isOpen = (): boolean =>
    outcome.failingSince !== undefined && context.clock().getTime() - outcome.failingSince.getTime() > CIRCUIT_OPENS_MS;
  if (!isHeld()) {
    const due = await dueDeliveries(context, subscription.id);
    const calls = await forCalls(context, subscription);
    for (const wave of wavesOf(due, subscription, isOpen())) {
      if (!mayGoOn()) break;
      const results = await Promise.all(wave.map((batch) => deliver(context, calls, batch)));
      const failures = results.filter(({ kind }) => kind === 'retry');
      if (results.some(({ kind }) => kind === 'gone')) return { next: undefined };
      if (results.some(({ kind }) => kind === 'received')) outcome.failingSince = undefined;
      else if (failures.length > 0) outcome.failingSince ??= context.clock();
      outcome.notBefore = latest(results.map((result) => (result.kind === 'retry' ? result.notBefore : undefined)));
      // What failed keeps the rest of its key waiting: the next turn sees which.
      if (failures.length > 0) break;
    }
  }
  const next = await nextDue(context, subscription.id);
  const soonest = latest([outcome.notBefore, isOpen() ? new Date(context.clock().getTime() + PROBE_MS) : undefined]);
  outcome.next = next === undefined || soonest === undefined || soonest <= next ? next : soonest;
  return outcome;
}

function latest(dates: readonly (Date | undefined)[]): Date | undefined {
  return dates.reduce((last, date) => (date !== undefined && (last === undefined || date > last) ? date : last), undefined);
}

/**
 * Calls that can be made at the same time, wave after wave. Where a call is one notice, those of different keys go
 * together; a receiver that is only probed gets one.
 */
function* wavesOf(due: readonly Delivery[], { form, maxCount }: CompiledSubscription, isProbe: boolean): Generator<Delivery[][]> {
  if (isProbe) {
    if (due[0] !== undefined) yield [[due[0]]];
    return;
  }
  if (form.kind === 'backport') {
    for (let at = 0; at < due.length; at += maxCount) yield [due.slice(at, at + maxCount)];
    return;
  }
  let rest = [...due];
  while (rest.length > 0) {
    const wave = new Map<string, Delivery>();
    const later: Delivery[] = [];
    for (const delivery of rest) {
      if (wave.size < PARALLEL && !wave.has(delivery.key) && !later.some(({ key }) => key === delivery.key)) wave.set(delivery.key, delivery);
      else later.push(delivery);
    }
    yield [...wave.values()].map((delivery) => [delivery]);
    rest = later;
  }
}

/** Notices that are due and that nothing older of their key holds up. */
async function dueDeliveries({ queues, clock }: TurnContext, subscription: string): Promise<Delivery[]> {
  const waiting = new Set<string>();
  for (;;) {
    const pending = await queues.deliveries
      .find({ subscription, state: 'pending', ...(waiting.size > 0 && { key: { $nin: [...waiting] } }) })
      .sort({ number: 1 })
      .limit(TURN)
      .toArray();
    const now = clock();
    const due = pending.filter(({ key, nextAt }) => {
      if (nextAt > now) waiting.add(key);
      return !waiting.has(key);
    });
    // A page of nothing but waiting keys must not hide those behind it.
    if (due.length > 0 || pending.length < TURN) return due;
  }
}

/** When the first deliverable notice is due: of each key only the oldest counts. */
async function nextDue({ queues }: TurnContext, subscription: string): Promise<Date | undefined> {
  const pending = await queues.deliveries
    .find({ subscription, state: 'pending' }, { projection: { key: 1, nextAt: 1 } })
    .sort({ number: 1 })
    .limit(TURN)
    .toArray();
  const heads = new Map<string, Date>();
  for (const { key, nextAt } of pending) if (!heads.has(key)) heads.set(key, nextAt);
  const times = [...heads.values()].map((date) => date.getTime());
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

/** Gives the queue back, due when its next notice is. What came meanwhile counted `wakes` up; then it is due at once. */
async function release({ queues, clock }: TurnContext, { _id, lease, wakes }: Queue, outcome: Outcome): Promise<void> {
  const { next, failingSince, notBefore } = outcome;
  const kept = { ...(failingSince !== undefined && { failingSince }), ...(notBefore !== undefined && { notBefore }) };
  const dropped = { lease: '', until: '', ...(failingSince === undefined && { failingSince: '' }), ...(notBefore === undefined && { notBefore: '' }) } as const;
  const mine = { _id, ...(lease !== undefined && { lease }) };
  const given = await queues.queues.updateOne(
    { ...mine, wakes: wakes ?? { $exists: false } },
    next === undefined
      ? { $unset: { ...dropped, nextAt: '' }, ...(Object.keys(kept).length > 0 && { $set: kept }) }
      : { $unset: dropped, $set: { ...kept, nextAt: next } },
  );
  if (given.matchedCount > 0) return;
  await queues.queues.updateOne(mine, { $unset: dropped, $set: { ...kept, nextAt: notBefore ?? clock() } });
}
