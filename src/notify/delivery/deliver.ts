import { randomUUID } from 'node:crypto';
import type { Outbound } from '../../outbound';
import type { Store, Viewer } from '../../store';
import { messageOf, type Told } from '../payloads';
import type { Secrets } from '../secrets';
import { signatureHeaders } from '../signatures';
import { parseShape } from '../topics';
import type { CompiledSubscription, Delivery } from '../types';
import { attempt, type Result } from './attempt';
import type { Queues } from './queues';
import { GIVE_UP_AFTER, retryAfterMs, waitAfter } from './schedule';

export interface DeliverContext {
  queues: Queues;
  store: Store;
  outbound: Outbound;
  secrets: Secrets;
  baseUrl: string;
  clock: () => Date;
  /** What the subscriber may read at this moment; undefined when it may read nothing any more. */
  viewerOf(subscription: CompiledSubscription): Promise<Viewer | undefined>;
  /** Includes of the topic's notification shape for resources of a type: `_include=...&_revinclude=...`. */
  shapeOf(subscription: CompiledSubscription, type: string): string | undefined;
  /** The receiver said 410: the subscription ends. */
  turnOff(subscription: CompiledSubscription, reason: string): Promise<void>;
  /** Told of every attempt (audit, metrics). */
  observe(done: { subscription: CompiledSubscription; deliveries: readonly Delivery[]; result: Result }): Promise<void>;
}

/** What all calls of one turn share. */
export interface Calls {
  subscription: CompiledSubscription;
  viewer: Viewer | undefined;
  secrets: readonly string[];
}

export async function forCalls(context: DeliverContext, subscription: CompiledSubscription): Promise<Calls> {
  const [viewer, secrets] = await Promise.all([context.viewerOf(subscription), context.secrets.live(subscription.id)]);
  return { subscription, viewer, secrets };
}

/** What became of a batch: `nothing` when the subscriber may see none of it. */
export type Outcome = Result & { notBefore?: Date } | { kind: 'nothing' };

/** Sends one batch and writes down what came of it. */
export async function deliver(context: DeliverContext, calls: Calls, batch: readonly Delivery[]): Promise<Outcome> {
  const { subscription, secrets } = calls;
  const told = (await lookUp(context, calls, batch)).filter(({ visible }) => visible);
  const [first] = told;
  if (first === undefined) {
    await mark(context, batch, 'skipped');
    return { kind: 'nothing' };
  }
  const message = messageOf(context.baseUrl, subscription, told, batch.at(-1)?.number ?? 0);
  const signatures = signatureHeaders(secrets, `msg_${first.delivery.eventId}`, context.clock(), message.body ?? '');
  const result = await attempt(context.outbound, subscription, { ...message, headers: { ...message.headers, ...signatures } });
  return { ...result, ...(await settle(context, subscription, batch, result)) };
}

/** The focus of each notice as the subscriber may see it now, with what the topic includes. */
export async function lookUp(context: DeliverContext, { subscription, viewer }: Calls, batch: readonly Delivery[]): Promise<Told[]> {
  return Promise.all(
    batch.map(async (delivery): Promise<Told> => {
      const { type, id, version } = delivery.focus;
      const hidden = { delivery, visible: false, resource: undefined, included: [] };
      if (viewer === undefined) return hidden;
      // A trial delivery is about no version of anything.
      if (version === 0) return { ...hidden, visible: true };
      // Who lost access since the event happened is not told of it.
      const present = await context.store.read(viewer, type, id);
      if (present === undefined) return hidden;
      const found = present.version === version ? present : await context.store.readVersion(viewer, type, id, version);
      if (found === undefined) return hidden;
      return {
        delivery,
        visible: true,
        resource: found.deleted ? undefined : found.resource,
        included: found.deleted ? [] : await includedWith(context, subscription, viewer, delivery),
      };
    }),
  );
}

async function includedWith(context: DeliverContext, subscription: CompiledSubscription, viewer: Viewer, { focus }: Delivery) {
  const shape = context.shapeOf(subscription, focus.type);
  if (shape === undefined) return [];
  const { included } = await context.store.search(viewer, parseShape(focus.type, focus.id, shape));
  return included.map(({ resource }) => resource);
}

async function settle(context: DeliverContext, subscription: CompiledSubscription, batch: readonly Delivery[], result: Result): Promise<{ notBefore?: Date }> {
  const now = context.clock();
  await context.queues.attempts.insertOne({
    _id: randomUUID(),
    subscription: subscription.id,
    from: batch[0]?.number ?? 0,
    to: batch.at(-1)?.number ?? 0,
    at: now,
    ...describe(result),
  });
  let notBefore: Date | undefined;
  if (result.kind === 'received') {
    await mark(context, batch, 'delivered');
    await putOffHeartbeat(context, subscription, now);
  } else if (result.kind === 'gone') {
    await context.turnOff(subscription, 'The receiver answered 410 Gone.');
    await context.queues.deliveries.updateMany({ subscription: subscription.id, state: 'pending' }, { $set: { state: 'skipped', settledAt: now } });
  } else {
    const retryAfter = result.answer?.headers['retry-after'];
    await postpone(context, batch, retryAfter);
    const held = retryAfterMs(retryAfter, now);
    if (held > 0) notBefore = new Date(now.getTime() + held);
  }
  await context.observe({ subscription, deliveries: batch, result });
  return notBefore === undefined ? {} : { notBefore };
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

async function postpone(context: DeliverContext, batch: readonly Delivery[], retryAfter: string | undefined): Promise<void> {
  const now = context.clock();
  await context.queues.deliveries.bulkWrite(
    batch.map((delivery) => {
      const attempts = delivery.attempts + 1;
      const dead = now.getTime() - delivery.pendingSince.getTime() > GIVE_UP_AFTER;
      const nextAt = new Date(now.getTime() + waitAfter(attempts, retryAfter, now));
      const update = dead ? { state: 'dead' as const, attempts } : { attempts, nextAt };
      return { updateOne: { filter: { _id: delivery._id, state: 'pending' as const }, update: { $set: update } } };
    }),
  );
}

/** Written on what is still pending: a delivery that was replayed meanwhile is sent again. */
export async function mark({ queues, clock }: Pick<DeliverContext, 'queues' | 'clock'>, batch: readonly Delivery[], state: 'delivered' | 'skipped'): Promise<void> {
  const ids = batch.map(({ _id }) => _id);
  await queues.deliveries.updateMany({ _id: { $in: ids }, state: 'pending' }, { $set: { state, settledAt: clock() }, $inc: { attempts: 1 } });
}

/** A notification is a sign of life as well. */
async function putOffHeartbeat({ queues }: DeliverContext, { id, heartbeatSeconds }: CompiledSubscription, now: Date): Promise<void> {
  if (heartbeatSeconds === undefined || heartbeatSeconds === 0) return;
  await queues.queues.updateOne({ _id: id }, { $set: { heartbeatAt: new Date(now.getTime() + heartbeatSeconds * 1000) } });
}
