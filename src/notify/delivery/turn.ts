import type { CompiledSubscription, Delivery, Queue } from '../types';
import { allowedNow, deliver, type Allowed, type DeliverContext } from './deliver';
import { dueOf, nextDue, type Page } from './due';
import { sendInOrder, type Done } from './in-order';
import type { Outcome } from './leases';

/** What a turn of a queue needs besides a delivery's own needs. */
export interface TurnContext extends DeliverContext {
  /** The oldest notices that wait. */
  page(subscription: string): Promise<Page>;
  /** Gives the queue back. */
  release(done: { queue: Queue; outcome: Outcome }): Promise<void>;
  /** A websocket's notices are sent by the processes that hold its sockets. */
  wakeSockets(subscription: string): void;
}

/** Notices under way to one receiver at once. */
const AT_ONCE = 16;
/** How old the check of the subscription and its author may be when a call begins. */
const CHECKED_MS = 250;
/** The pause between turns of a receiver whose calls all fail, so that its backlog is not thrown at it. */
const FAILING_PAUSE_MS = 250;
/** One that has failed for so long is only probed, one call a turn. */
const CIRCUIT_OPENS_MS = 60_000;
const PROBE_PAUSE_MS = 1_000;
/** When to look again at what a Subscription's state keeps waiting; activation wakes it at once. */
const ASK_AGAIN_MS = { requested: 2_000, error: 30_000 } as const;

/** One turn: what is due is sent; a key whose notice fails waits, others go on; then the queue is given back. */
export async function takeTurn(context: TurnContext, queue: Queue, mayGoOn: () => boolean): Promise<void> {
  await context.release({ queue, outcome: await outcomeOf(context, queue, mayGoOn) });
}

async function outcomeOf(context: TurnContext, queue: Queue, mayGoOn: () => boolean): Promise<Outcome> {
  const { _id, failingSince, notBefore } = queue;
  const [subscription, page] = await Promise.all([context.subscription(_id), context.page(_id)]);
  if (subscription === undefined || subscription.status === 'off') {
    await context.settling.skipped(page.pending);
    return { next: page.isWhole ? undefined : context.clock() };
  }
  if (subscription.status !== 'active') {
    return {
      failingSince,
      notBefore,
      next: new Date(context.clock().getTime() + ASK_AGAIN_MS[subscription.status]),
    };
  }
  if (subscription.channel === 'websocket') {
    context.wakeSockets(subscription.id);
    return { next: undefined };
  }
  if (notBefore !== undefined && notBefore > context.clock())
    return { failingSince, notBefore, next: notBefore };
  return deliverDue(context, subscription, queue, page, mayGoOn);
}

async function deliverDue(
  context: TurnContext,
  subscription: CompiledSubscription,
  queue: Queue,
  page: Page,
  mayGoOn: () => boolean,
): Promise<Outcome> {
  const { id } = subscription;
  const due = await dueOf(context.queues, id, page, context.clock());
  const circuit = circuitOf(queue, context.clock());
  const allowed = recently(() => allowedNow(context, id));
  const results = await sendInOrder({
    batches: circuit === 'open' ? firstOf(due) : batchesOf(due, subscription),
    atOnce: circuit === 'closed' ? AT_ONCE : 1,
    isSequential: subscription.form.kind === 'backport',
    mayGoOn,
    send: async (batch, before, sent) => {
      const now = await allowed();
      return now === undefined ? { kind: 'left' } : deliver(context, now, batch, before, sent);
    },
  });
  const done = results.map((each) => each.done);
  if (done.some(({ kind }) => kind === 'gone')) return { next: undefined };
  const outcome = judged(queue, done, context.clock());
  const settled = results
    .filter((each) => each.done.kind === 'settled')
    .reduce((sum, { batch }) => sum + batch.length, 0);
  const isBack = queue.failingSince !== undefined && outcome.failingSince === undefined;
  if (isBack) await takeUp(context, id);
  const isEmpty = page.isWhole && settled === page.pending.length;
  const next = isEmpty ? undefined : await nextDue(context.queues, id);
  return {
    ...outcome,
    next: notBeforeThat(next, outcome, context.clock()),
    heartbeatAt: heartbeatAt(subscription, done, context.clock()),
  };
}

/** The receiver is back: what it failed to take need not wait for its next attempt. */
async function takeUp({ queues, clock }: TurnContext, subscription: string): Promise<void> {
  const now = clock();
  await queues.deliveries.updateMany(
    { subscription, state: 'pending', nextAt: { $gt: now } },
    { $set: { nextAt: now } },
  );
}

/** Calls succeed, fail, or have failed for so long that the receiver is only probed. */
function circuitOf({ failingSince }: Queue, now: Date): 'closed' | 'failing' | 'open' {
  if (failingSince === undefined) return 'closed';
  return now.getTime() - failingSince.getTime() > CIRCUIT_OPENS_MS ? 'open' : 'failing';
}

/** What the results say of the receiver: one call that succeeds closes the circuit. */
function judged(
  { failingSince }: Queue,
  done: readonly Done[],
  now: Date,
): Pick<Outcome, 'failingSince' | 'notBefore'> {
  const failures = done.flatMap((each) => (each.kind === 'retry' ? [each] : []));
  const isWell = done.some((each) => each.kind === 'settled' && each.isReceived);
  const times = failures.flatMap(({ notBefore }) => (notBefore === undefined ? [] : [notBefore.getTime()]));
  return {
    failingSince: isWell ? undefined : (failingSince ?? (failures.length > 0 ? now : undefined)),
    notBefore: times.length === 0 ? undefined : new Date(Math.max(...times)),
  };
}

function notBeforeThat(
  next: Date | undefined,
  { failingSince, notBefore }: Pick<Outcome, 'failingSince' | 'notBefore'>,
  now: Date,
): Date | undefined {
  if (next === undefined) return undefined;
  const isOpen = failingSince !== undefined && now.getTime() - failingSince.getTime() > CIRCUIT_OPENS_MS;
  const pause = failingSince === undefined ? 0 : isOpen ? PROBE_PAUSE_MS : FAILING_PAUSE_MS;
  return new Date(Math.max(next.getTime(), now.getTime() + pause, notBefore?.getTime() ?? 0));
}

function heartbeatAt(
  { heartbeatSeconds = 0 }: CompiledSubscription,
  done: readonly Done[],
  now: Date,
): Date | undefined {
  const wasHeard = done.some((each) => each.kind === 'settled' && each.isReceived);
  return wasHeard && heartbeatSeconds > 0 ? new Date(now.getTime() + heartbeatSeconds * 1000) : undefined;
}

function firstOf([first]: readonly Delivery[]): Delivery[][] {
  return first === undefined ? [] : [[first]];
}

/** The Backport's bundles carry several notices; all other calls are one notice each. */
function batchesOf(due: readonly Delivery[], { form, maxCount }: CompiledSubscription): Delivery[][] {
  const size = form.kind === 'backport' ? maxCount : 1;
  return Array.from({ length: Math.ceil(due.length / size) }, (_, i) => due.slice(i * size, (i + 1) * size));
}

/** Asks again only when the last answer is older than that. */
function recently(ask: () => Promise<Allowed | undefined>): () => Promise<Allowed | undefined> {
  let known: { at: number; answer: Promise<Allowed | undefined> } | undefined;
  return () => {
    const now = performance.now();
    if (known === undefined || now - known.at > CHECKED_MS) known = { at: now, answer: ask() };
    return known.answer;
  };
}
