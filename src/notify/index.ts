import type { Connection } from 'mongoose';
import { createQueues } from './delivery/queues';
import { createWorker, type WorkerContext } from './delivery/worker';
import type { Outbound } from '../outbound';
import type { Store, Viewer, WriteContext } from '../store';
import { createSecrets, type Sealing } from './secrets';
import { activate, turnOff, type LifecycleContext } from './subscriptions/lifecycle';
import { createRegistry } from './subscriptions/registry';
import type { CompiledSubscription, Notice, RecordChange } from './types';
import { createWebhooks, stableEventId, type Webhooks } from './webhooks';

export { TEST_EVENT, WEBHOOK_EVENTS, type Webhook, type Webhooks } from './webhooks';
export type { Attempt, RecordChange } from './types';

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
  observe: WorkerContext['observe'];
  clock?: () => Date;
  keepAttemptsSeconds?: number;
}

export interface Notify {
  webhooks: Webhooks;
  /** The relay's handler: lays what the changes mean into the queues of those who listen. Idempotent. */
  onChanges(changes: readonly RecordChange[]): Promise<void>;
  /** Collections, and the subscriptions in memory. */
  prepare(): Promise<void>;
  /** Begins to deliver. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const THIRTY_DAYS = 30 * 24 * 3600;
const HANDSHAKE_POLL_MS = 5_000;

/** Subscriptions and webhooks: the registry, the queues, the worker, and the commands on them. */
export function createNotify(options: NotifyOptions): Notify {
  const clock = options.clock ?? (() => new Date());
  const queues = createQueues(options.connection, clock);
  const secrets = createSecrets(options.connection, options.sealing, clock);
  const registry = createRegistry(options.store);
  const lifecycle = lifecycleOf(options, queues);
  const worker = createWorker({
    queues,
    store: options.store,
    outbound: options.outbound,
    secrets,
    baseUrl: options.baseUrl,
    clock,
    async subscription(id) {
      await registry.refresh();
      return registry.get(id);
    },
    viewerOf: options.viewerOf,
    turnOff: (subscription, reason) => turnOff(lifecycle, subscription.id, reason),
    observe: options.observe,
  });
  const handshakes = createHandshakes(lifecycle, async (id) => {
    await queues.queues.updateOne({ _id: id }, { $set: { nextAt: clock() } });
    worker.wake();
  });
  let timer: NodeJS.Timeout | undefined;
  const shakeHands = (): void => {
    for (const { id, status } of registry.all()) if (status === 'requested') handshakes.begin(id);
  };
  return {
    webhooks: createWebhooks({ store: options.store, outbound: options.outbound, queues, secrets, clock, wake: worker.wake }),
    async onChanges(changes) {
      await registry.refresh();
      const noticed = new Map<string, Notice[]>();
      for (const change of changes) {
        for (const [id, notice] of await noticesOf(options, registry, change)) noticed.set(id, [...(noticed.get(id) ?? []), notice]);
      }
      for (const [id, notices] of noticed) await queues.enqueue(id, notices);
      if (noticed.size > 0) worker.wake();
      if (timer !== undefined) shakeHands();
    },
    async prepare() {
      await queues.ensureIndexes(options.keepAttemptsSeconds ?? THIRTY_DAYS);
      await registry.refresh();
    },
    async start() {
      // What waited for its next attempt when the last process ended is tried at once.
      const now = clock();
      await queues.deliveries.updateMany({ state: 'pending', nextAt: { $gt: now } }, { $set: { nextAt: now } });
      await queues.queues.updateMany({ nextAt: { $gt: now } }, { $set: { nextAt: now } });
      worker.start();
      timer = setInterval(() => void registry.refresh().then(shakeHands, () => undefined), HANDSHAKE_POLL_MS);
      shakeHands();
    },
    async stop() {
      clearInterval(timer);
      timer = undefined;
      await handshakes.settled();
      await worker.stop();
    },
  };
}

function lifecycleOf(options: NotifyOptions, queues: ReturnType<typeof createQueues>): LifecycleContext {
  return {
    store: options.store,
    outbound: options.outbound,
    baseUrl: options.baseUrl,
    eventsSoFar: async (id) => (await queues.queues.findOne({ _id: id }))?.number ?? 0,
    get context() {
      return options.serverContext();
    },
  };
}

/** Handshakes in the background, one at a time for each subscription. */
function createHandshakes(lifecycle: LifecycleContext, done: (id: string) => Promise<void>) {
  const running = new Map<string, Promise<void>>();
  return {
    begin(id: string): void {
      if (running.has(id)) return;
      const shaking = activate(lifecycle, id)
        .then(() => done(id))
        .catch(() => undefined) // the next poll tries again
        .finally(() => running.delete(id));
      running.set(id, shaking);
    },
    async settled(): Promise<void> {
      await Promise.all(running.values());
    },
  };
}

/** Who is to be told of a change, and what. */
async function noticesOf(
  options: NotifyOptions,
  registry: ReturnType<typeof createRegistry>,
  change: RecordChange,
): Promise<[string, Notice][]> {
  const { event, current } = change;
  const base = {
    at: event.at,
    focus: { type: current.type, id: current.id, version: current.version },
    interaction: event.interaction,
  };
  const plain = registry.matching(change).map(({ id }): [string, Notice] => [
    id,
    { ...base, eventId: stableEventId(id, current.type, current.id, String(current.version)), key: `${current.type}/${current.id}` },
  ]);
  const vendor: [string, Notice][] = [];
  for (const told of await options.vendorEvents(change)) {
    for (const { id } of registry.webhooksOf(told.practices, told.event)) {
      const eventId = stableEventId(id, told.event, current.type, current.id, String(current.version));
      vendor.push([id, { ...base, eventId, key: `${current.type}/${current.id}`, vendor: { event: told.event, body: told.body } }]);
    }
  }
  return [...plain, ...vendor];
}

