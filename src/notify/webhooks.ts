import type { Subscription } from '@medplum/fhirtypes';
import { createHash, randomUUID } from 'node:crypto';
import { ProblemError } from '../fhir';
import type { Outbound } from '../outbound';
import { acceptUrl } from '../outbound';
import { EVERYTHING, type Store, type StoredVersion, type WriteContext } from '../store';
import type { Queues } from './delivery/queues';
import type { Secrets } from './secrets';
import { VENDOR_EVENT } from './subscriptions/compile';
import { everySubscription } from './subscriptions/registry';
import type { Attempt, Notice } from './types';
import { TEST_EVENT, WEBHOOK_EVENTS } from './webhook-events';

const REFERRAL_TOPIC = 'https://crosswalk.example/fhir/SubscriptionTopic/referral';

export interface Webhook {
  id: string;
  practice: string;
  url: string;
  events: string[];
  status: string;
}

/** A practice's webhooks: FHIR Subscriptions underneath, with a signing secret. */
export interface Webhooks {
  /** The secret is shown this once. */
  create(
    practice: string,
    url: string,
    events: readonly string[],
    context: WriteContext,
  ): Promise<Webhook & { secret: string }>;
  /** All of them, those that were switched off too: after a 410 the operator must find out why nothing comes. */
  list(practice?: string): Promise<Webhook[]>;
  /** Queues a trial delivery; it goes the way of all deliveries. */
  test(id: string): Promise<{ eventId: string }>;
  rotate(id: string, overlapMs: number): Promise<{ secret: string }>;
  /** The latest attempts first. */
  attempts(id: string, limit: number): Promise<Attempt[]>;
  /** Delivers again: one event by number or event id, or everything laid aside as dead. */
  replay(id: string, event?: string): Promise<{ replayed: number }>;
}

export interface WebhookContext {
  store: Store;
  outbound: Outbound;
  queues: Queues;
  secrets: Secrets;
  clock: () => Date;
  /** The process's worker, told that something waits. */
  wake(): void;
}

export function createWebhooks(context: WebhookContext): Webhooks {
  const { store, queues, secrets, clock } = context;
  return {
    create: (practice, url, events, write) => create(context, practice, url, events, write),
    async list(practice) {
      return (await webhooksIn(store, practice)).map(shown);
    },
    async test(id) {
      await known(store, id);
      const notice = testNotice(id, clock());
      await queues.enqueue(new Map([[id, [notice]]]));
      context.wake();
      return { eventId: notice.eventId };
    },
    async rotate(id, overlapMs) {
      await known(store, id);
      return { secret: await secrets.rotate(id, overlapMs) };
    },
    async attempts(id, limit) {
      await known(store, id);
      return queues.attempts.find({ subscription: id }).sort({ at: -1 }).limit(limit).toArray();
    },
    async replay(id, event) {
      await known(store, id);
      return { replayed: await replay(context, id, event) };
    },
  };
}

async function create(
  { store, outbound, secrets }: WebhookContext,
  practice: string,
  url: string,
  events: readonly string[],
  context: WriteContext,
): Promise<Webhook & { secret: string }> {
  const allowed: readonly string[] = [...WEBHOOK_EVENTS, TEST_EVENT];
  const unknown = events.filter((event) => !allowed.includes(event));
  if (unknown.length > 0 || events.length === 0) {
    throw new ProblemError('invalid', `events must be one or more of ${WEBHOOK_EVENTS.join(', ')}.`);
  }
  acceptUrl(url, outbound.policy, 'url');
  const id = randomUUID();
  // The secret is there before anything can be delivered.
  const secret = await secrets.create(id);
  const resource: Subscription = {
    resourceType: 'Subscription',
    id,
    status: 'requested',
    reason: 'HandoffRx webhook',
    criteria: REFERRAL_TOPIC,
    channel: {
      type: 'rest-hook',
      endpoint: url,
      payload: 'application/json',
      extension: events.map((event) => ({ url: VENDOR_EVENT, valueCode: event })),
    },
  };
  const [committed] = await store.commit([{ kind: 'create', resource, id, share: [practice] }], context);
  if (committed === undefined) throw new Error('The Subscription was not stored.');
  return { ...shown(committed as unknown as StoredVersion<Subscription>), practice, secret };
}

/** Webhooks among all Subscriptions, of one practice when given. */
export async function webhooksIn(
  store: Store,
  practice: string | undefined,
): Promise<StoredVersion<Subscription>[]> {
  const found: StoredVersion<Subscription>[] = [];
  for await (const each of everySubscription(store))
    if (isWebhook(each) && (practice === undefined || shown(each).practice === practice)) found.push(each);
  return found;
}

export function isWebhook({ resource }: StoredVersion<Subscription>): boolean {
  return resource.channel.extension?.some(({ url }) => url === VENDOR_EVENT) ?? false;
}

export function shown({ id, resource, access }: StoredVersion<Subscription>): Webhook {
  const events = (resource.channel.extension ?? []).flatMap(({ url, valueCode }) =>
    url === VENDOR_EVENT && valueCode !== undefined ? [valueCode] : [],
  );
  return {
    id,
    practice: access[0] ?? '',
    url: resource.channel.endpoint ?? '',
    events,
    status: resource.status,
  };
}

async function known(store: Store, id: string): Promise<StoredVersion<Subscription>> {
  const found = await store.read<Subscription>(EVERYTHING, 'Subscription', id);
  if (found === undefined || found.deleted)
    throw new ProblemError('not-found', 'There is no webhook with this id; see `webhook list`.');
  return found;
}

function testNotice(id: string, at: Date): Notice {
  const body = JSON.stringify({ event: TEST_EVENT, data: { webhook_id: id }, timestamp: at.toISOString() });
  return {
    eventId: randomUUID(),
    at,
    key: `test/${id}`,
    focus: { type: 'Subscription', id, version: 0 },
    interaction: 'update',
    vendor: { event: TEST_EVENT, body },
  };
}

async function replay(
  { queues, wake }: WebhookContext,
  id: string,
  event: string | undefined,
): Promise<number> {
  const chosen =
    event === undefined
      ? { state: 'dead' as const }
      : /^\d+$/.test(event)
        ? { number: Number(event) }
        : { eventId: event };
  const replayed = await queues.replay(id, chosen);
  if (replayed === 0 && event !== undefined)
    throw new ProblemError('not-found', 'The webhook has no such event; see `webhook attempts`.');
  wake();
  return replayed;
}

/** Event id of what one change means to the subscribers of a vendor: the same for the same change, always. */
export function stableEventId(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(parts.join('\n')).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
