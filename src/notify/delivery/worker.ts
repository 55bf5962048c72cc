import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import type { Queue } from '../types';
import { leaseDue } from './leases';
import { takeTurn, type TurnContext } from './turn';

/** How long a queue is held unless the holder renews it: so long is a killed process' work left lying at most. */
const LEASE_MS = 8_000;
const RENEW_MS = 2_000;
/** A holder that could not renew begins no call when less than this is left of its lease. */
const MARGIN_MS = 3_000;
/** Queues worked on at once in one process; of those whose calls all fail only half, so that they delay nobody else. */
const LANES = 128;
const FAILING_LANES = 64;
const IDLE_MS = 500;

export interface DeliveryWorker {
  start(): Promise<void>;
  /** Something was enqueued: look now. */
  wake(): void;
  /** Finishes the calls in flight and gives the queues back. */
  stop(): Promise<void>;
}

/** A turn that is being taken. */
interface Running {
  lease: string;
  turn: Promise<void>;
  /** Until when the lease is good. */
  heldUntil: number;
}

/** A process' part in the work. */
interface State {
  context: TurnContext;
  owner: string;
  /** By subscription id. */
  running: Map<string, Running>;
  /** Lanes taken by queues whose calls fail. */
  failing: number;
  isStopping: boolean;
  isLooking: boolean;
  isLookDue: boolean;
}

/** Owners at work in this process: more than one in tests. */
const living = new Set<string>();

/** Takes queues by lease, delivers what is due, in order per key; several processes share the work. */
export function createWorker(context: TurnContext): DeliveryWorker {
  const owner = `${hostname()}/${process.pid}/${randomUUID()}`;
  const state: State = {
    ...{ context, owner, running: new Map(), failing: 0 },
    ...{ isStopping: false, isLooking: false, isLookDue: false },
  };
  const timers: NodeJS.Timeout[] = [];
  return {
    async start() {
      living.add(owner);
      await resume(context);
      timers.push(setInterval(() => void look(state), IDLE_MS));
      timers.push(setInterval(() => void renew(state).catch(() => undefined), RENEW_MS));
      void look(state);
    },
    wake: () => void look(state),
    async stop() {
      state.isStopping = true;
      const [looking, renewing] = timers;
      clearInterval(looking);
      await Promise.all([...state.running.values()].map(({ turn }) => turn));
      clearInterval(renewing);
      living.delete(owner);
    },
  };
}

/** What waited for its next attempt when the last process ended is tried at once; what a dead one held is given back. */
async function resume({ queues, clock }: TurnContext): Promise<void> {
  const now = clock();
  const waiting = await queues.queues
    .find({ nextAt: { $exists: true } }, { projection: { lease: 1, until: 1, nextAt: 1 } })
    .toArray();
  const late = waiting.filter(({ nextAt }) => nextAt !== undefined && nextAt > now).map(({ _id }) => _id);
  if (late.length > 0) {
    await queues.deliveries.updateMany(
      { subscription: { $in: late }, state: 'pending', nextAt: { $gt: now } },
      { $set: { nextAt: now } },
    );
    await queues.wake(late);
  }
  const dead = [...new Set(waiting.flatMap(({ lease }) => lease ?? []))].filter(isDead);
  if (dead.length > 0)
    await queues.queues.updateMany({ lease: { $in: dead } }, { $unset: { lease: '', until: '' } });
}

/** Whether the owner was a process of this host that is no more. Of other hosts only the lease tells. */
function isDead(owner: string): boolean {
  const [host, pid, life] = owner.split('/');
  if (host !== hostname() || living.has(`${host}/${pid ?? ''}/${life ?? ''}`)) return false;
  if (Number(pid) === process.pid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function renew({ context, running }: State): Promise<void> {
  if (running.size === 0) return;
  const until = context.clock().getTime() + LEASE_MS;
  const held = [...running];
  const mine = {
    _id: { $in: held.map(([id]) => id) },
    lease: { $in: [...new Set(held.map(([, { lease }]) => lease))] },
  };
  await context.queues.queues.updateMany(mine, { $set: { until: new Date(until) } });
  for (const [, each] of held) each.heldUntil = until;
}

async function look(state: State): Promise<void> {
  if (state.isLooking || state.isStopping) {
    state.isLookDue = state.isLooking;
    return;
  }
  state.isLooking = true;
  try {
    let taken = 1;
    while (taken > 0 && state.running.size < LANES && !state.isStopping) taken = await takeSome(state);
  } catch {
    // The database is away: the next look tries again.
  } finally {
    state.isLooking = false;
  }
  if (!state.isLookDue) return;
  state.isLookDue = false;
  await look(state);
}

async function takeSome(state: State): Promise<number> {
  const { context, owner, running } = state;
  const now = context.clock();
  const heldUntil = now.getTime() + LEASE_MS;
  const room = { all: LANES - running.size, failing: FAILING_LANES - state.failing };
  const queues = await leaseDue(context.queues, owner, now, new Date(heldUntil), room);
  for (const queue of queues) begin(state, queue, heldUntil);
  return queues.length;
}

function begin(state: State, queue: Queue, heldUntil: number): void {
  const { context, running } = state;
  const isFailing = queue.failingSince !== undefined;
  if (isFailing) state.failing += 1;
  const held: Running = { lease: queue.lease ?? '', turn: Promise.resolve(), heldUntil };
  const mayGoOn = (): boolean => !state.isStopping && context.clock().getTime() < held.heldUntil - MARGIN_MS;
  held.turn = takeTurn(context, queue, mayGoOn)
    // The database failed on the way: when the lease runs out, the queue is taken again.
    .catch(() => undefined)
    .finally(() => {
      if (running.get(queue._id) === held) running.delete(queue._id);
      if (isFailing) state.failing -= 1;
      void look(state);
    });
  running.set(queue._id, held);
}
