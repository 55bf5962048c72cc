import { randomUUID } from 'node:crypto';
import { gathered } from '../../store';
import type { mongo } from 'mongoose';
import type { Told } from '../payloads';
import type { CompiledSubscription, Delivery } from '../types';
import { describe, type Result } from './attempt';
import type { Queues } from './queues';
import { GIVE_UP_AFTER, retryAfterMs, waitAfter } from './schedule';

/** A call that was made: what it carried, and what came of it. */
export interface Attempted {
  subscription: CompiledSubscription;
  told: readonly Told[];
  result: Result;
}

export interface SettleContext {
  queues: Queues;
  clock: () => Date;
  /** Told of every attempt (audit, metrics); resolves when that is durable. */
  observe(done: Attempted): Promise<void>;
}

/** What is to be written down together. */
interface Settlement {
  attempted: Attempted | undefined;
  update: mongo.AnyBulkWriteOperation<Delivery & mongo.Document>[];
}

/** Writes down what became of batches, those of several calls together. */
export interface Settling {
  /** What the receiver took is delivered; what it may not see is skipped. */
  received(batch: readonly Delivery[], attempted: Attempted): Promise<void>;
  skipped(batch: readonly Delivery[]): Promise<void>;
  /** Nothing of the subscription is told any more. */
  gone(attempted: Attempted): Promise<void>;
  /** To be tried again, or laid aside as dead when that has been done for long enough. */
  failed(attempted: Attempted, retryAfter: string | undefined): Promise<{ nextAt: Date; notBefore?: Date }>;
}

export function createSettling({ queues, clock, observe }: SettleContext): Settling {
  const write = gathered(async (items: readonly Settlement[]) => {
    const attempted = items.flatMap(({ attempted: each }) => each ?? []);
    // The disclosure is on record before the delivery counts as made.
    await Promise.all([noteAttempts(queues, attempted, clock()), ...attempted.map(observe)]);
    const updates = items.flatMap(({ update }) => update);
    if (updates.length > 0) await queues.deliveries.bulkWrite(updates, { ordered: false });
    return items.map(() => undefined);
  });
  return {
    async received(batch, attempted) {
      const seen = new Set(attempted.told.map(({ delivery }) => delivery._id));
      const [delivered, skipped] = [
        batch.filter(({ _id }) => seen.has(_id)),
        batch.filter(({ _id }) => !seen.has(_id)),
      ];
      const until = queues.keptUntil(clock());
      await write({
        attempted,
        update: [...marked(delivered, 'delivered', until), ...marked(skipped, 'skipped', until)],
      });
    },
    async skipped(batch) {
      await write({ attempted: undefined, update: marked(batch, 'skipped', queues.keptUntil(clock())) });
    },
    async gone(attempted) {
      const filter = { subscription: attempted.subscription.id, state: 'pending' as const };
      await write({
        attempted,
        update: [
          {
            updateMany: {
              filter,
              update: { $set: { state: 'skipped', expiresAt: queues.keptUntil(clock()) } },
            },
          },
        ],
      });
    },
    async failed(attempted, retryAfter) {
      const now = clock();
      const deliveries = attempted.told.map(({ delivery }) => delivery);
      const attempts = Math.max(...deliveries.map((delivery) => delivery.attempts)) + 1;
      const nextAt = new Date(now.getTime() + waitAfter(attempts, retryAfter, now));
      await write({ attempted, update: deliveries.map((delivery) => postponed(delivery, now, nextAt)) });
      const held = retryAfterMs(retryAfter, now);
      return { nextAt, ...(held > 0 && { notBefore: new Date(now.getTime() + held) }) };
    },
  };
}

async function noteAttempts(queues: Queues, attempted: readonly Attempted[], at: Date): Promise<void> {
  if (attempted.length === 0) return;
  await queues.attempts.insertMany(
    attempted.map(({ subscription, told, result }) => ({
      _id: randomUUID(),
      subscription: subscription.id,
      from: told[0]?.delivery.number ?? 0,
      to: told.at(-1)?.delivery.number ?? 0,
      at,
      expiresAt: queues.keptUntil(at),
      ...describe(result),
    })),
  );
}

/** Written on what has been pending since the notice was read: one that was replayed meanwhile is sent again. */
function marked(
  batch: readonly Delivery[],
  state: 'delivered' | 'skipped',
  expiresAt: Date,
): Settlement['update'] {
  return batch.map(({ _id, pendingSince }) => ({
    updateOne: {
      filter: { _id, state: 'pending', pendingSince },
      update: { $set: { state, expiresAt }, $inc: { attempts: 1 } },
    },
  }));
}

/** All notices of one call share its schedule, so that they stay together. */
function postponed(
  { _id, attempts, pendingSince }: Delivery,
  now: Date,
  nextAt: Date,
): Settlement['update'][number] {
  const isDead = now.getTime() - pendingSince.getTime() > GIVE_UP_AFTER;
  const update = isDead ? { state: 'dead' as const } : { nextAt };
  return {
    updateOne: {
      filter: { _id, state: 'pending', pendingSince },
      update: { $set: { ...update, attempts: attempts + 1 } },
    },
  };
}
