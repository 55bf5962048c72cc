/** The relay: takes waiting events to those who deliver them, and clears them when they have them. */
import { randomUUID } from 'node:crypto';
import type { StoreConnection } from '../connection';
import { clearEvents, type LeasedEvents, leaseEvents, returnEvents } from './lease';
import type { LocalReceiver, OutboxPlace, Relayable } from './local';
import { deliveriesOf, type Delivery } from './versions';

export type { ChangeVersions } from './versions';

/** What becomes of events. Both must be repeatable: an event may come again, with the same id, after a crash. */
export interface RelayHandlers {
  /** Audit drafts of several commits at once; each keeps its id. Resolves when they are durable. */
  audit(drafts: readonly object[]): Promise<void>;
  /** One change, in order of versions per resource; changes of different resources come at the same time. */
  change(event: Delivery['event'], versions: Delivery['versions']): Promise<void>;
}

export interface RelayOptions {
  connection: StoreConnection;
  handlers: RelayHandlers;
  /** How often to look for events that others left, in milliseconds. */
  sweepMs?: number;
  /** How long events are this process' own, in milliseconds; a crashed process' events wait so long at most. */
  leaseMs?: number;
  /** A handler failed; its events come again. Errors hold no PHI by the house's rules. */
  onError?: (error: unknown) => void;
}

export interface Relay {
  /** Resolves when everything that this process committed before the call has been delivered or has failed once. */
  settled(): Promise<void>;
  /** Finishes what is in hand and stops; the rest waits for another relay, or the next start. */
  stop(): Promise<void>;
}

/** Documents a round. */
const BATCH = 200;
/** Committed documents that are kept in memory for their events; more are read again when their turn comes. */
const IN_MEMORY = 2_000;
/** Before events whose handler failed come again, in milliseconds. */
const RETRY_MS = 1_000;

/** Starts relaying: at once what is waiting, then what this process commits, and now and then what others left. */
export function createRelay(options: RelayOptions): Relay {
  const { connection, handlers, sweepMs = 1_000, leaseMs = 2_000, onError = () => undefined } = options;
  const owner = randomUUID();
  let memory: Relayable[] = [];
  const places = new Set<OutboxPlace>();
  let isSweepDue = true;
  let isStopped = false;
  let running: Promise<void> | undefined;

  const receiver: LocalReceiver = {
    room: () => IN_MEMORY - memory.length,
    claim: () => ({ lease: owner, until: new Date(Date.now() + leaseMs) }),
    take: (documents) => {
      memory.push(...documents);
      start();
    },
    wake: (place) => {
      places.add(place);
      start();
    },
  };
  const start = (): void => {
    if (isStopped) return;
    running ??= new Promise<void>((resolve) => setImmediate(resolve))
      .then(run)
      .finally(() => (running = undefined));
  };
  const run = async (): Promise<void> => {
    while (!isStopped && (memory.length > 0 || places.size > 0 || isSweepDue)) {
      try {
        await fromMemory();
        await fromPlaces();
      } catch (error) {
        // The database fails: what was taken comes back when its lease runs out.
        onError(error);
        return;
      }
    }
  };
  const fromMemory = async (): Promise<void> => {
    while (memory.length > 0 && !isStopped) {
      const batch = memory.slice(0, BATCH);
      memory = memory.slice(BATCH);
      const now = Date.now();
      // Overdue ones may be in other hands by now.
      await deliver(batch.filter((one) => one.claim.until.getTime() > now).map(leasedOf), batch);
    }
  };
  const fromPlaces = async (): Promise<void> => {
    if (isSweepDue) {
      isSweepDue = false;
      for (const place of await connection.typesInUse()) places.add(place);
      places.add('outbox');
    }
    for (const place of [...places]) {
      places.delete(place);
      const leased = await leaseEvents(connection, place, { owner, limit: BATCH, leaseMs: leaseMs * 5 });
      if (leased.length === BATCH) places.add(place);
      await deliver(leased, []);
      if (memory.length > 0) return;
    }
  };
  const deliver = async (leased: readonly LeasedEvents[], known: readonly Relayable[]): Promise<void> => {
    if (leased.length === 0) return;
    const { done, failed } = await handOver(connection, handlers, leased, known, onError);
    if ((await clearEvents(connection, done)) && !isStopped) for (const { place } of done) places.add(place);
    await returnEvents(connection, failed, RETRY_MS);
  };

  connection.local.attach(receiver);
  const timer = setInterval(() => {
    isSweepDue = true;
    start();
  }, sweepMs);
  timer.unref();
  start();
  return {
    settled: async () => {
      while (running !== undefined) await running;
    },
    stop: async () => {
      clearInterval(timer);
      connection.local.detach(receiver);
      while (running !== undefined && memory.length > 0) await running;
      isStopped = true;
      await running;
    },
  };
}

function leasedOf(one: Relayable): LeasedEvents {
  const { type, document, events, claim } = one;
  return { place: type, id: document._id, events, lease: claim.lease, until: claim.until, document };
}

/** Delivers a batch; when its audit entries fail together, nothing of it counts as delivered. */
async function handOver(
  connection: StoreConnection,
  handlers: RelayHandlers,
  leased: readonly LeasedEvents[],
  known: readonly Relayable[],
  onError: (error: unknown) => void,
): Promise<{ done: LeasedEvents[]; failed: LeasedEvents[] }> {
  const drafts = leased.flatMap(({ events }) =>
    events.flatMap((event) => (event.kind === 'audit' ? [event.draft] : [])),
  );
  try {
    if (drafts.length > 0) await handlers.audit(drafts);
  } catch (error) {
    onError(error);
    return { done: [], failed: [...leased] };
  }
  const done: LeasedEvents[] = [];
  const failed: LeasedEvents[] = [];
  const deliveries = await deliveriesOf(connection, leased, known);
  await Promise.all(
    leased.map(async (one, i) => {
      try {
        for (const { event, versions } of deliveries[i] ?? []) await handlers.change(event, versions);
        done.push(one);
      } catch (error) {
        onError(error);
        failed.push(one);
      }
    }),
  );
  return { done, failed };
}
