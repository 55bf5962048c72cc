import type { Subscription } from '@medplum/fhirtypes';
import type { Connection } from 'mongoose';
import type { Server } from 'node:http';
import type { Outbound } from '../outbound';
import { EVERYTHING, type Store, type Viewer, type WriteContext } from '../store';
import { createBindingTokens } from './binding-tokens';
import type { DeliverContext } from './delivery/deliver';
import { sendHeartbeats } from './delivery/heartbeats';
import { createQueues } from './delivery/queues';
import { gathered } from './gather';
import type { TurnContext } from './delivery/turn';
import { createWorker } from './delivery/worker';
import { createSecrets, type Sealing } from './secrets';
import { createSubscriptionService, type SubscriptionService } from './service';
import { createSockets } from './sockets';
import { compileSubscription } from './subscriptions/compile';
import { createHandshakes } from './subscriptions/handshakes';
import { turnOff, type LifecycleContext } from './subscriptions/lifecycle';
import { createRegistry, type Registry } from './subscriptions/registry';
import type { CompiledSubscription, Notice, RecordChange } from './types';
import { createWebhooks, stableEventId, type Webhooks } from './webhooks';

export { type Webhook, type Webhooks } from './webhooks';
export { TEST_EVENT, WEBHOOK_EVENTS } from './webhook-events';
export { subscriptionRules } from './subscriptions/rules';
export type { EventRange, SubscriptionService } from './service';
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
  observe: DeliverContext['observe'];
  clock?: () => Date;
  /** Seconds that finished deliveries and attempts are kept; default 30 days. */
  keepSeconds?: number;
}

export interface Notify {
  webhooks: Webhooks;
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

const THIRTY_DAYS = 30 * 24 * 3600;
const LOOK_MS = 1_000;

/** Subscriptions and webhooks: the registry, the queues, the worker, and the commands on them. */
export function createNotify(options: NotifyOptions): Notify {
  const { store, outbound, baseUrl } = options;
  const clock = options.clock ?? (() => new Date());
  const queues = createQueues(options.connection, clock);
  const secrets = createSecrets(options.connection, options.sealing, clock);
  const tokens = createBindingTokens(options.connection, clock);
  const registry = createRegistry(store);
  const lifecycle = lifecycleOf(options, queues.eventsSoFar);
  const turn: TurnContext = {
    ...{ queues, store, outbound, secrets, baseUrl, clock, viewerOf: options.viewerOf, observe: options.observe },
    subscription: (id) => presentSubscription(store, id),
    shapeOf: registry.shapeOf,
    turnOff: (subscription, reason) => turnOff(lifecycle, subscription.id, reason),
    wakeSockets: (id) => sockets.wake(id),
  };
  const sockets = createSockets(turn, tokens);
  const worker = createWorker(turn);
  const handshakes = createHandshakes(lifecycle, queues, clock, worker.wake);
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    await registry.refresh();
    handshakes.begin(registry.requested());
    for (const { id } of registry.ended(clock())) await turnOff(lifecycle, id, 'The end of the Subscription has come.');
    await sendHeartbeats(turn);
  };
  return {
    webhooks: createWebhooks({ store, outbound, queues, secrets, clock, wake: worker.wake }),
    subscriptions: createSubscriptionService({ turn, tokens, secrets, topics: registry.topics, wake: worker.wake }),
    onChanges: gathered(async (changes) => {
      await registry.refresh();
      const noticed = await noticesOfAll(options, registry, changes);
      await queues.enqueue(noticed);
      if (noticed.size > 0) worker.wake();
      if (timer !== undefined) handshakes.begin(registry.requested());
    }),
    async prepare() {
      await queues.ensureIndexes({ deliveries: options.keepSeconds ?? THIRTY_DAYS, attempts: options.keepSeconds ?? THIRTY_DAYS });
      await tokens.ensureIndexes();
      await registry.refresh();
    },
    async start() {
      await worker.start();
      timer = setInterval(() => {
        looking ??= look()
          .catch(() => undefined) // the next look tries again
          .finally(() => (looking = undefined));
      }, LOOK_MS);
      handshakes.begin(registry.requested());
    },
    attach: sockets.attach,
    async stop() {
      clearInterval(timer);
      timer = undefined;
      sockets.close();
      await looking;
      await handshakes.settled();
      await worker.stop();
    },
  };
}

/** The Subscription as it is at this moment: what was turned off or deleted anywhere is told nothing more. */
async function presentSubscription(store: Store, id: string): Promise<CompiledSubscription | undefined> {
  const stored = await store.read<Subscription>(EVERYTHING, 'Subscription', id);
  return stored === undefined || stored.deleted ? undefined : compileSubscription(stored, stored.author);
}

function lifecycleOf({ store, outbound, baseUrl, serverContext }: NotifyOptions, eventsSoFar: LifecycleContext['eventsSoFar']): LifecycleContext {
  return {
    ...{ store, outbound, baseUrl, eventsSoFar },
    get context() {
      return serverContext();
    },
  };
}

async function noticesOfAll(options: NotifyOptions, registry: Registry, changes: readonly RecordChange[]): Promise<Map<string, Notice[]>> {
  const noticed = new Map<string, Notice[]>();
  for (const change of changes) {
    for (const [id, notice] of await noticesOf(options, registry, change)) {
      const all = noticed.get(id);
      if (all === undefined) noticed.set(id, [notice]);
      else all.push(notice);
    }
  }
  return noticed;
}

/** Who is to be told of a change, and what. */
async function noticesOf(options: NotifyOptions, registry: Registry, change: RecordChange): Promise<[string, Notice][]> {
  const { event, current } = change;
  const { type, version } = current;
  const base = {
    at: event.at,
    key: `${type}/${current.id}`,
    focus: { type, id: current.id, version },
    interaction: event.interaction,
  };
  const plain = (await registry.matching(change)).map(({ id }): [string, Notice] => [
    id,
    { ...base, eventId: stableEventId(id, type, current.id, String(version)) },
  ]);
  const vendor: [string, Notice][] = [];
  for (const { event: name, practices, body } of await options.vendorEvents(change)) {
    for (const { id } of registry.webhooksOf(practices, name)) {
      vendor.push([id, { ...base, eventId: stableEventId(id, name, type, current.id, String(version)), vendor: { event: name, body } }]);
    }
  }
  return [...plain, ...vendor];
}
