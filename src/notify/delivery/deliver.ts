import type { Outbound } from '../../outbound';
import type { Viewer } from '../../store';
import type { Credentials } from '../credentials';
import { messageOf, type Told } from '../payloads';
import type { CompiledSubscription, Delivery } from '../types';
import { attempt, type Message } from './attempt';
import { lookUp, type LookUpContext } from './focus';
import type { Done } from './in-order';
import type { Queues } from './queues';
import type { Settling } from './settle';

export interface DeliverContext extends LookUpContext {
  queues: Queues;
  outbound: Outbound;
  settling: Settling;
  baseUrl: string;
  clock: () => Date;
  credentials(subscription: CompiledSubscription): Promise<Credentials>;
  /** The subscription as it is now; undefined when it is gone. */
  subscription(id: string): Promise<CompiledSubscription | undefined>;
  /** What the subscriber may read at this moment; undefined when it may read nothing any more. */
  viewerOf(subscription: CompiledSubscription): Promise<Viewer | undefined>;
  /** The receiver said 410: the subscription ends. */
  turnOff(subscription: CompiledSubscription, reason: string): Promise<void>;
}

/** A subscription that may be told something now, and by which right. */
export interface Allowed {
  subscription: CompiledSubscription;
  viewer: Viewer | undefined;
  credentials: Credentials;
}

/** What a subscription may be told at this moment; undefined when it is not active. */
export async function allowedNow(context: DeliverContext, id: string): Promise<Allowed | undefined> {
  const subscription = await context.subscription(id);
  if (subscription?.status !== 'active') return undefined;
  const [viewer, credentials] = await Promise.all([
    context.viewerOf(subscription),
    context.credentials(subscription),
  ]);
  return { subscription, viewer, credentials };
}

/** Bytes that one notification has at most, unless a single resource is larger. */
const LARGEST_BODY = 4 * 1024 * 1024;

/** Sends one batch, once `before` has come true, and writes down what came of it. */
export async function deliver(
  context: DeliverContext,
  allowed: Allowed,
  batch: readonly Delivery[],
  before: Promise<boolean>,
  sent: (isReceived: boolean) => void,
): Promise<Done> {
  const all = await lookUp(context, allowed.subscription, allowed.viewer, batch);
  const told = all.filter(({ visible }) => visible);
  const hidden = all.filter(({ visible }) => !visible).map(({ delivery }) => delivery);
  const parts = told.length === 0 ? [] : partsOf(context.baseUrl, allowed.subscription, told);
  if (!(await before)) return { kind: 'left' };
  for (const [i, part] of parts.entries()) {
    const isLast = i === parts.length - 1;
    const own = [...part.told.map(({ delivery }) => delivery), ...(isLast ? hidden : [])];
    const done = await call(
      context,
      allowed,
      { ...part, batch: own },
      (isReceived) => (isLast || !isReceived) && sent(isReceived),
    );
    if (done.kind !== 'settled' || isLast) return done;
  }
  sent(true);
  await context.settling.skipped(batch);
  return { kind: 'settled', isReceived: false };
}

interface Part {
  told: readonly Told[];
  message: Message;
}

/** One message, or several where it would be too large. */
function partsOf(baseUrl: string, subscription: CompiledSubscription, told: readonly Told[]): Part[] {
  const causes = told.flatMap(({ delivery }) => delivery.traceparent ?? []);
  const message: Message = { ...messageOf(baseUrl, subscription, told), causes };
  if (told.length === 1 || Buffer.byteLength(message.body ?? '') <= LARGEST_BODY) return [{ told, message }];
  const half = Math.ceil(told.length / 2);
  return [told.slice(0, half), told.slice(half)].flatMap((part) => partsOf(baseUrl, subscription, part));
}

async function call(
  { outbound, settling, turnOff }: DeliverContext,
  { subscription, credentials }: Allowed,
  { told, message, batch }: Part & { batch: readonly Delivery[] },
  sent: (isReceived: boolean) => void,
): Promise<Done> {
  const result = await attempt(outbound, subscription, credentials, message);
  sent(result.kind === 'received');
  const attempted = { subscription, told, result };
  switch (result.kind) {
    case 'received':
      await settling.received(batch, attempted);
      return { kind: 'settled', isReceived: true };
    case 'gone':
      await turnOff(subscription, 'The receiver answered 410 Gone.');
      await settling.gone(attempted);
      return { kind: 'gone' };
    case 'retry':
      return { kind: 'retry', ...(await settling.failed(attempted, result.answer?.headers['retry-after'])) };
  }
}
