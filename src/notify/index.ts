import type { Subscription } from '@medplum/fhirtypes';
import type { Connection } from 'mongoose';
import type { Server } from 'node:http';
import type { Outbound } from '../outbound';
import {
  EVERYTHING,
  gathered,
  type Store,
  type StoredVersion,
  type Viewer,
  type WriteContext,
} from '../store';
import { createBindingTokens } from './binding-tokens';
import { createCredentials } from './credentials';
import { createPages } from './delivery/due';
import { createFocusReader } from './delivery/focus';
import { createHeartbeats } from './delivery/heartbeats';
import { createRelease } from './delivery/leases';
import { createQueues, type Queues } from './delivery/queues';
import { createSettling, type SettleContext } from './delivery/settle';
import type { TurnContext } from './delivery/turn';
import { createWorker } from './delivery/worker';
import { createSecrets, type Sealing } from './secrets';
import { createSubscriptionService, type SubscriptionService } from './service';
import { createSockets } from './sockets';
import { compileSubscription } from './subscriptions/compile';
import { createHeaders } from './headers';
import { createHandshakes } from './subscriptions/handshakes';
import { turnOff, type LifecycleContext } from './subscriptions/lifecycle';
import { createRegistry, type Registry } from './subscriptions/registry';
import type { CompiledSubscription, Notice, RecordChange } from './types';
import { createWebhookJournal, type WebhookJournal } from './webhook-journal';
import { createWebhooks, stableEventId, type Webhooks } from './webhooks';

export { type Webhook, type Webhooks } from './webhooks';
export type { WebhookJournal } from './webhook-journal';
export { WEBHOOK_EVENTS } from './webhook-events';
export { createHeaders, type Headers } from './headers';
export { subscriptionRules } from './subscriptions/rules';
export type { EventRange, SubscriptionService } from './service';
export type { Attempted } from './delivery/settle';
export type { Topic } from './topics';
export type { Attempt, PayloadContent, RecordChange } from './types';

/** What a change of the record means in a vendor's words. */
export interface VendorEvent {
  event: string;
  /** Practices whose webhooks are told. */
  practices: readonly string[];
  /** The exact JSON text of the body. */
  body: string;
}

export interface NotifyOptions {
  connection: Connection;
  store: Store;
  outbound: Outbound;
  sealing: Sealing;
  /** `PUBLIC_URL` + `/fhir/R4`. */
  baseUrl: string;
  /** Context of the server's own writes (a Subscription's status). */
  serverContext: () => WriteContext;
  vendorEvents(change: RecordChange): Promise<VendorEvent[]>;
  /** What the author of a Subscription may still read; undefined when it was revoked. */
  viewerOf(subscription: CompiledSubscription): Promise<Viewer | undefined>;
  /** Told of every attempt to deliver, and what it carried; resolves when that is on record. */
  observe: SettleContext['observe'];
  clock?: () => Date;
  /** Seconds that finished deliveries and attempts are kept. */
  keepSeconds: number;
}

export interface Notify {
  webhooks: Webhooks;
  /** Deliveries of webhooks, and how they went: for the dashboard. */
  journal: WebhookJournal;
  /** What the FHIR operations on Subscription do. */
  subscriptions: SubscriptionService;
  /** The relay's handler: lays what the changes mean into the queues of those who listen. Idempotent. */
  onChanges(changes: readonly RecordChange[]): Promise<void>;
  /** Collections, and the subscriptions in memory. */
  prepare(): Promise<void>;
  /** Begins to deliver. */
  start(): Promise<void>;
  /** Takes the websocket upgrades of a server. */
  attach(server: Server): void;
  stop(): Promise<void>;
}

const LOOK_MS = 1_000;

/** Subscriptions and webhooks: the registry, the queues, the worker, and the commands on them. */
export function createNotify(options: NotifyOptions): Notify {
  const { connection, store, outbound, sealing } = options;
  const clock = options.clock ?? (() => new Date());
  const queues = createQueues(connection, clock, options.keepSeconds);
  const secrets = createSecrets(connection, sealing, clock);
  const tokens = createBindingTokens(connection, clock);
  const registry = createRegistry(store, options.viewerOf);
  const lifecycle = lifecycleOf(options, queues.eventsSoFar, createCredentials(connection, sealing, clock));
  const turn = turnContext(options, {
    queues,
    registry,
    lifecycle,
    clock,
    wakeSockets: (id) => sockets.wake(id),
  });
  const sockets = createSockets(turn, tokens);
  const worker = createWorker(turn);
  const heartbeats = createHeartbeats(turn);
  const handshakes = createHandshakes(lifecycle, queues, clock, worker.wake);
  const notice = gathered((changes: readonly RecordChange[]) => lay(options, registry, queues, changes));
  const watch = createWatch(async () => {
    await registry.refresh();
    handshakes.begin(registry.requested());
    for (const { id } of registry.ended(clock()))
      await turnOff(lifecycle, id, 'The end of the Subscription has come.');
    await heartbeats.begin();
  });
  return {
    webhooks: createWebhooks({ store, outbound, queues, secrets, clock, wake: worker.wake }),
    journal: createWebhookJournal({ store, queues, clock, wake: worker.wake }),
    subscriptions: createSubscriptionService({
      turn,
      tokens,
      secrets,
      headers: createHeaders(connection, sealing),
      topics: registry.topics,
      wake: worker.wake,
    }),
    async onChanges(changes) {
      const told = await Promise.all(changes.map(notice));
      if (told.some(Boolean)) worker.wake();
      if (watch.isOn()) handshakes.begin(registry.requested());
    },
    async prepare() {
      await queues.ensureIndexes();
      await tokens.ensureIndexes();
      await registry.takeTopics();
      // Thousands take their time: whoever needs them waits for this run, the start does not.
      void registry.refresh().catch(() => undefined);
    },
    async start() {
      await worker.start();
      watch.start();
    },
    attach: sockets.attach,
    async stop() {
      const watched = watch.stop();
      sockets.close();
      await watched;
      await Promise.all([handshakes.settled(), heartbeats.settled(), worker.stop()]);
    },
  };
}

/** Looks again every second; one look at a time. */
function createWatch(look: () => Promise<void>) {
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  const begin = (): void => {
    looking ??= look()
      .catch(() => undefined) // the next look tries again
      .finally(() => (looking = undefined));
  };
  return {
    isOn: () => timer !== undefined,
    start() {
      timer = setInterval(begin, LOOK_MS);
      begin();
    },
    async stop() {
      clearInterval(timer);
      timer = undefined;
      await looking;
    },
  };
}

interface Parts {
  queues: Queues;
  registry: Registry;
  lifecycle: LifecycleContext;
  clock: () => Date;
  wakeSockets(id: string): void;
}

function turnContext(
  options: NotifyOptions,
  { queues, registry, lifecycle, clock, wakeSockets }: Parts,
): TurnContext {
  const { store, outbound, baseUrl, viewerOf, observe } = options;
  return {
    ...{ queues, store, outbound, baseUrl, clock, viewerOf, wakeSockets },
    settling: createSettling({ queues, clock, observe }),
    focus: createFocusReader(store),
    credentials: lifecycle.credentials,
    page: createPages(queues),
    release: createRelease(queues, clock),
    subscription: presentSubscriptions(store),
    shapeOf: registry.shapeOf,
    turnOff: (subscription, reason) => turnOff(lifecycle, subscription.id, reason),
  };
}

/** Subscriptions as they are at this moment: what was turned off or deleted anywhere is told nothing more. */
function presentSubscriptions(store: Store): (id: string) => Promise<CompiledSubscription | undefined> {
  return gathered(async (ids: readonly string[]) => {
    const found = await store.readMany(
      EVERYTHING,
      ids.map((id) => ({ type: 'Subscription', id })),
    );
    const byId = new Map(found.map((each) => [each.id, each as StoredVersion<Subscription>]));
    return ids.map((id) => {
      const stored = byId.get(id);
      return stored === undefined ? undefined : compileSubscription(stored, stored.author);
    });
  });
}

function lifecycleOf(
  { store, outbound, baseUrl, serverContext }: NotifyOptions,
  eventsSoFar: LifecycleContext['eventsSoFar'],
  credentials: LifecycleContext['credentials'],
): LifecycleContext {
  return {
    ...{ store, outbound, baseUrl, eventsSoFar, credentials },
    get context() {
      return serverContext();
    },
  };
}

/** Lays what changes mean into the queues of those who listen; for each, whether anybody does. */
async function lay(
  options: NotifyOptions,
  registry: Registry,
  queues: Queues,
  changes: readonly RecordChange[],
): Promise<boolean[]> {
  await registry.refresh();
  const noticed = new Map<string, Notice[]>();
  const concerned: boolean[] = [];
  const matched = await registry.matchingEach(changes);
  for (const [i, change] of changes.entries()) {
    const notices = await noticesOf(options, registry, change, matched[i] ?? []);
    for (const [id, notice] of notices) {
      const all = noticed.get(id);
      if (all === undefined) noticed.set(id, [notice]);
      else all.push(notice);
    }
    concerned.push(notices.length > 0);
  }
  await queues.enqueue(noticed);
  return concerned;
}

/** Who is to be told of a change, and what. */
async function noticesOf(
  options: NotifyOptions,
  registry: Registry,
  change: RecordChange,
  matched: readonly CompiledSubscription[],
): Promise<[string, Notice][]> {
  const { event, current } = change;
  const { type, version } = current;
  const base = {
    at: event.at,
    key: `${type}/${current.id}`,
    focus: { type, id: current.id, version },
    interaction: event.interaction,
    ...(event.traceparent !== undefined && { traceparent: event.traceparent }),
  };
  const plain = matched.map(({ id }): [string, Notice] => [
    id,
    { ...base, eventId: stableEventId(id, type, current.id, String(version)) },
  ]);
  const vendor: [string, Notice][] = [];
  for (const { event: name, practices, body } of await options.vendorEvents(change)) {
    for (const { id } of registry.webhooksOf(practices, name)) {
      vendor.push([
        id,
        {
          ...base,
          eventId: stableEventId(id, name, type, current.id, String(version)),
          vendor: { event: name, body },
        },
      ]);
    }
  }
  return [...plain, ...vendor];
}
