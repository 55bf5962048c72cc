import { randomUUID } from 'node:crypto';
import type { Outbound } from '../../outbound';
import type { Store, Viewer } from '../../store';
import { messageOf, type Told } from '../payloads';
import type { Secrets } from '../secrets';
import { signatureHeaders } from '../signatures';
import type { CompiledSubscription, Delivery, Queue } from '../types';
import { attempt, type Result } from './attempt';
import type { Queues } from './queues';
import { GIVE_UP_AFTER, waitAfter } from './schedule';

export interface WorkerContext {
  queues: Queues;
  store: Store;
  outbound: Outbound;
  secrets: Secrets;
  baseUrl: string;
  clock: () => Date;
  /** The subscription as it is now; undefined when it is gone. */
  subscription(id: string): Promise<CompiledSubscription | undefined>;
  /** What the subscriber may read at this moment; undefined when it may read nothing any more. */
  viewerOf(subscription: CompiledSubscription): Promise<Viewer | undefined>;
  /** The receiver said 410: the subscription ends. */
  turnOff(subscription: CompiledSubscription, reason: string): Promise<void>;
  /** Told of every attempt (audit, metrics). */
  observe(done: { subscription: CompiledSubscription; deliveries: readonly Delivery[]; result: Result }): Promise<void>;
}

/** How long a queue is held at most without being given back; the holder renews it while it works. */
const LEASE_MS = 90_000;
/** A turn begins no call after this, so that with the longest timeout it still ends within the lease. */
const TURN_MS = 25_000;
/** Notices looked at in one turn of a queue. */
const TURN = 200;
/** Queues worked on at once in one process. */
const PARALLEL = 64;
const IDLE_MS = 500;

export interface DeliveryWorker {
  start(): void;
  /** Something was enqueued: look now. */
  wake(): void;
  /** Finishes the calls in flight and gives the queues back. */
  stop(): Promise<void>;
}

/** Takes queues by lease, delivers what is due, in order per key; several processes share the work. */
export function createWorker(context: WorkerContext): DeliveryWorker {
  const running = new Set<Promise<void>>();
  const owner = randomUUID();
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let again = false;

  const look = async (): Promise<void> => {
    if (looking || stopping) {
      again = looking;
      return;
    }
    looking = true;
    try {
      while (running.size < PARALLEL && !stopping) {
        const queue = await lease(context, owner);
        if (queue === undefined) break;
        const turn = workOn(context, queue, owner, () => stopping).catch(() => undefined).finally(() => {
          running.delete(turn);
          void look();
        });
        running.add(turn);
      }
    } catch {
      // The database is away: the next look tries again.
    } finally {
      looking = false;
    }
    if (again) {
      again = false;
      void look();
    }
  };
  return {
    start() {
      timer = setInterval(() => void look(), IDLE_MS);
      void look();
    },
    wake: () => void look(),
    async stop() {
      stopping = true;
      clearInterval(timer);
      await Promise.all(running);
    },
  };
}

async function lease({ queues, clock }: WorkerContext, owner: string): Promise<Queue | undefined> {
  const now = clock();
  const found = await queues.queues.findOneAndUpdate(
    { nextAt: { $lte: now }, $or: [{ until: { $exists: false } }, { until: { $lt: now } }] },
    { $set: { lease: owner, until: new Date(now.getTime() + LEASE_MS) } },
    { sort: { nextAt: 1 }, returnDocument: 'after' },
  );
  return found ?? undefined;
}

/** One turn: what is due is sent; a key whose notice fails waits, others go on; then the queue is given back. */
async function workOn(context: WorkerContext, queue: Queue, owner: string, stopping: () => boolean): Promise<void> {
  const subscription = await context.subscription(queue._id);
  if (subscription === undefined || subscription.status === 'off') await layAside(context, queue._id, 'skipped');
  else if (subscription.status === 'active') await deliverDue(context, subscription, stopping);
  await release(context, queue, owner, subscription?.status);
}

async function layAside({ queues }: WorkerContext, subscription: string, state: 'skipped' | 'dead'): Promise<void> {
  await queues.deliveries.updateMany({ subscription, state: 'pending' }, { $set: { state } });
}

async function deliverDue(context: WorkerContext, subscription: CompiledSubscription, stopping: () => boolean): Promise<void> {
  const waiting = new Set<string>();
  const pending = await context.queues.deliveries
    .find({ subscription: subscription.id, state: 'pending' })
    .sort({ number: 1 })
    .limit(TURN)
    .toArray();
  const now = context.clock();
  const due = pending.filter((delivery) => {
    if (waiting.has(delivery.key) || delivery.nextAt > now) {
      waiting.add(delivery.key);
      return false;
    }
    return true;
  });
  const size = subscription.form.kind === 'backport' ? subscription.maxCount : 1;
  const lastCall = now.getTime() + TURN_MS;
  for (let at = 0; at < due.length && !stopping() && context.clock().getTime() < lastCall; ) {
    const batch = due.slice(at, at + size).filter(({ key }) => !waiting.has(key));
    at += size;
    if (batch.length === 0) continue;
    const result = await deliver(context, subscription, batch);
    if (result.kind === 'gone') return;
    if (result.kind === 'retry') {
      for (const { key } of batch) waiting.add(key);
      // Nobody is there: the rest would only wait for the same timeout, each in turn.
      if (result.unreachable) return;
    }
  }
}

async function deliver(context: WorkerContext, subscription: CompiledSubscription, batch: readonly Delivery[]): Promise<Result> {
  const told = await lookUp(context, subscription, batch);
  const sendable = subscription.form.kind === 'backport' ? told : told.filter(({ visible }) => visible);
  if (sendable.length === 0) {
    await mark(context, batch, { state: 'skipped' });
    return { kind: 'retry', milliseconds: 0, unreachable: false };
  }
  const last = batch.at(-1)?.number ?? 0;
  const message = messageOf(context.baseUrl, subscription, sendable, last);
  const id = `msg_${batch[0]?.eventId ?? ''}`;
  const signatures = signatureHeaders(await context.secrets.live(subscription.id), id, context.clock(), message.body ?? '');
  const result = await attempt(context.outbound, subscription, { ...message, headers: { ...message.headers, ...signatures } });
  await settle(context, subscription, batch, result);
  return result;
}

/** The focus of each notice as the subscriber may see it now. */
async function lookUp(context: WorkerContext, subscription: CompiledSubscription, batch: readonly Delivery[]): Promise<Told[]> {
  const viewer = await context.viewerOf(subscription);
  return Promise.all(
    batch.map(async (delivery) => {
      const { type, id, version } = delivery.focus;
      // A trial delivery is about no version of anything.
      if (version === 0) return { delivery, visible: viewer !== undefined, resource: undefined };
      const found = viewer === undefined ? undefined : await context.store.readVersion(viewer, type, id, version);
      const present = viewer === undefined ? undefined : await context.store.read(viewer, type, id);
      // Who lost access since the event happened is not told of it.
      const visible = found !== undefined && present !== undefined;
      return { delivery, visible, resource: visible && !found.deleted ? found.resource : undefined };
    }),
  );
}

async function settle(context: WorkerContext, subscription: CompiledSubscription, batch: readonly Delivery[], result: Result): Promise<void> {
  const now = context.clock();
  await context.queues.attempts.insertOne({
    _id: randomUUID(),
    subscription: subscription.id,
    from: batch[0]?.number ?? 0,
    to: batch.at(-1)?.number ?? 0,
    at: now,
    ...describe(result),
  });
  if (result.kind === 'received') {
    await mark(context, batch, { state: 'delivered', deliveredAt: now });
  } else if (result.kind === 'gone') {
    await layAside(context, subscription.id, 'skipped');
    await context.turnOff(subscription, 'The receiver answered 410 Gone.');
  } else {
    await postpone(context, batch, result.answer?.headers['retry-after']);
  }
  await context.observe({ subscription, deliveries: batch, result });
}

function describe(result: Result) {
  if (result.kind === 'received') return { milliseconds: result.answer.milliseconds, status: result.answer.status };
  if (result.kind === 'gone') return { milliseconds: result.answer.milliseconds, status: 410 };
  const { answer, error, milliseconds } = result;
  return {
    milliseconds,
    ...(answer !== undefined && { status: answer.status, answer: answer.body }),
    ...(error !== undefined && { error }),
  };
}

async function postpone(context: WorkerContext, batch: readonly Delivery[], retryAfter: string | undefined): Promise<void> {
  const now = context.clock();
  await context.queues.deliveries.bulkWrite(
    batch.map((delivery) => {
      const attempts = delivery.attempts + 1;
      const dead = now.getTime() - delivery.at.getTime() > GIVE_UP_AFTER;
      const nextAt = new Date(now.getTime() + waitAfter(attempts, retryAfter, now));
      const update = dead ? { state: 'dead' as const, attempts } : { attempts, nextAt };
      return { updateOne: { filter: { _id: delivery._id, state: 'pending' as const }, update: { $set: update } } };
    }),
  );
}

async function mark({ queues }: WorkerContext, batch: readonly Delivery[], set: Partial<Delivery>): Promise<void> {
  await queues.deliveries.updateMany({ _id: { $in: batch.map(({ _id }) => _id) }, state: 'pending' }, { $set: set, $inc: { attempts: 1 } });
}

/**
 * Gives the queue back, due when its next notice is. What was enqueued meanwhile moved `number`; then it is due at once.
 * A queue whose subscription is not active yet waits until the lifecycle wakes it.
 */
async function release({ queues, clock }: WorkerContext, queue: Queue, owner: string, status: string | undefined): Promise<void> {
  const next = status === 'active' ? await nextDue(queues, queue._id) : undefined;
  const given = await queues.queues.updateOne(
    { _id: queue._id, lease: owner, number: queue.number },
    next === undefined ? { $unset: { lease: '', until: '', nextAt: '' } } : { $unset: { lease: '', until: '' }, $set: { nextAt: next } },
  );
  if (given.matchedCount > 0) return;
  await queues.queues.updateOne({ _id: queue._id, lease: owner }, { $unset: { lease: '', until: '' }, $set: { nextAt: clock() } });
}

/** When the first deliverable notice is due: of each key only the oldest counts. */
async function nextDue(queues: Queues, subscription: string): Promise<Date | undefined> {
  const pending = await queues.deliveries
    .find({ subscription, state: 'pending' }, { projection: { key: 1, nextAt: 1 } })
    .sort({ number: 1 })
    .limit(TURN)
    .toArray();
  const seen = new Set<string>();
  let next: Date | undefined;
  for (const { key, nextAt } of pending) {
    if (seen.has(key)) continue;
    seen.add(key);
    if (next === undefined || nextAt < next) next = nextAt;
  }
  return next;
}
