/** The relay: takes waiting events to those who deliver them, and clears them when they have them. */
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
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
  /** How often to look for events that others left, in milliseconds: one query for each type. */
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

/** A relay at work. */
interface State {
  connection: StoreConnection;
  handlers: RelayHandlers;
  onError: (error: unknown) => void;
  owner: string;
  leaseMs: number;
  /** Committed by this process, not yet delivered. */
  memory: Relayable[];
  /** Where events wait that are not in memory. */
  places: Set<OutboxPlace>;
  isSweepDue: boolean;
  isStopped: boolean;
  running: Promise<void> | undefined;
}

/** Starts relaying: at once what is waiting, then what this process commits, and now and then what others left. */
export function createRelay(options: RelayOptions): Relay {
  const { connection, handlers, sweepMs = 5_000, leaseMs = 2_000, onError = () => undefined } = options;
  const state: State = {
    ...{ connection, handlers, onError, leaseMs, owner: randomUUID() },
    ...{ memory: [], places: new Set(), isSweepDue: true, isStopped: false, running: undefined },
  };
  const receiver = receiverOf(state);
  connection.local.attach(receiver);
  const sweep = (): void => {
    state.isSweepDue = true;
    start(state);
  };
  const timer = setInterval(sweep, sweepMs).unref();
  // What a process held that died just before this one started comes free by then.
  const early = setTimeout(sweep, Math.min(sweepMs, leaseMs + RETRY_MS)).unref();
  start(state);
  return {
    settled: async () => {
      while (state.running !== undefined) await state.running;
    },
    stop: async () => {
      clearInterval(timer);
      clearTimeout(early);
      connection.local.detach(receiver);
      while (state.running !== undefined && state.memory.length > 0) await state.running;
      state.isStopped = true;
      await state.running;
    },
  };
}

function receiverOf(state: State): LocalReceiver {
  return {
    room: () => IN_MEMORY - state.memory.length,
    claim: (count) => ({ lease: state.owner, until: new Date(Date.now() + leaseFor(state, count)) }),
    take: (documents) => {
      state.memory.push(...documents);
      start(state);
    },
    wake: (place) => {
      state.places.add(place);
      start(state);
    },
  };
}

/** Long enough for documents whose turn comes only when those before them have been delivered. */
function leaseFor({ leaseMs, memory }: State, count: number): number {
  return leaseMs * (1 + Math.floor((memory.length + count) / BATCH));
}

/** Begins a run unless one is on; in the next turn of the loop, so that commits of this one are taken together. */
function start(state: State): void {
  if (state.isStopped) return;
  state.running ??= nextTurn()
    .then(() => run(state))
    .finally(() => (state.running = undefined));
}

async function run(state: State): Promise<void> {
  while (!state.isStopped && (state.memory.length > 0 || state.places.size > 0 || state.isSweepDue)) {
    try {
      await fromMemory(state);
      await fromPlaces(state);
    } catch (error) {
      // The database fails: what was taken comes back when its lease runs out.
      state.onError(error);
      return;
    }
  }
}

async function fromMemory(state: State): Promise<void> {
  while (state.memory.length > 0 && !state.isStopped) {
    const batch = state.memory.slice(0, BATCH);
    state.memory = state.memory.slice(BATCH);
    const now = Date.now();
    // Overdue ones may be in other hands by now.
    const own = batch.filter((one) => one.claim.until.getTime() > now);
    await deliver(state, own.map(leasedOf), own);
  }
}

async function fromPlaces(state: State): Promise<void> {
  const { connection, places, owner, leaseMs } = state;
  if (state.isSweepDue) {
    state.isSweepDue = false;
    for (const place of await connection.typesInUse()) places.add(place);
    places.add('outbox');
  }
  for (const place of [...places]) {
    places.delete(place);
    const leased = await leaseEvents(connection, place, { owner, limit: BATCH, leaseMs: leaseMs * 5 });
    if (leased.length === BATCH) places.add(place);
    await deliver(state, leased, []);
    if (state.memory.length > 0) return;
  }
}

async function deliver(
  state: State,
  leased: readonly LeasedEvents[],
  known: readonly Relayable[],
): Promise<void> {
  if (leased.length === 0) return;
  const { done, failed } = await handOver(state, leased, known);
  if (await clearEvents(state.connection, done)) for (const { place } of done) state.places.add(place);
  await returnEvents(state.connection, failed, RETRY_MS);
  if (failed.length > 0) setTimeout(() => lookAgain(state, failed), RETRY_MS).unref();
}

function lookAgain(state: State, failed: readonly LeasedEvents[]): void {
  for (const { place } of failed) state.places.add(place);
  start(state);
}

function leasedOf(one: Relayable): LeasedEvents {
  const { type, document, events, claim } = one;
  return { place: type, id: document._id, events, lease: claim.lease, until: claim.until, document };
}

/** Delivers a batch; when its audit entries fail together, nothing of it counts as delivered. */
async function handOver(
  { connection, handlers, onError }: State,
  leased: readonly LeasedEvents[],
  known: readonly Relayable[],
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
