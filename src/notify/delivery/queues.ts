import type { Connection, mongo } from 'mongoose';
import type { Attempt, Delivery, Notice, Queue } from '../types';

type Collection<T extends mongo.Document> = mongo.Collection<T>;

/** How long finished deliveries and attempts are kept, in seconds. */
export interface Retention {
  deliveries: number;
  attempts: number;
}

/** The collections of deliveries, and the moves on them that must be whole. */
export interface Queues {
  deliveries: Collection<Delivery & mongo.Document>;
  attempts: Collection<Attempt & mongo.Document>;
  queues: Collection<Queue & mongo.Document>;
  ensureIndexes(keep: Retention): Promise<void>;
  /** Numbers the notices and lays them into their subscriptions' queues; those already there are left out. */
  enqueue(noticed: ReadonlyMap<string, readonly Notice[]>): Promise<void>;
  /** The queue is due now, whoever works on it at the moment. */
  wake(subscription: string): Promise<void>;
  /** Takes deliveries up again; how many they were. */
  replay(subscription: string, chosen: mongo.Filter<Delivery & mongo.Document>): Promise<number>;
  /** Events since the subscription's start. */
  eventsSoFar(subscription: string): Promise<number>;
}

/** Subscriptions whose notices are laid down in one transaction. */
const TOGETHER = 50;

export function createQueues(connection: Connection, clock: () => Date): Queues {
  const deliveries = connection.collection('notify_deliveries') as unknown as Queues['deliveries'];
  const attempts = connection.collection('notify_attempts') as unknown as Queues['attempts'];
  const queues = connection.collection('notify_queues') as unknown as Queues['queues'];
  const wake = async (subscription: string): Promise<void> => {
    await queues.updateOne({ _id: subscription }, { $set: { nextAt: clock() }, $inc: { wakes: 1 } });
  };
  return {
    deliveries,
    attempts,
    queues,
    async ensureIndexes(keep) {
      await deliveries.createIndexes([
        { key: { subscription: 1, eventId: 1 }, unique: true },
        { key: { subscription: 1, state: 1, number: 1 } },
        { key: { subscription: 1, number: 1 } },
        { key: { settledAt: 1 }, expireAfterSeconds: keep.deliveries },
      ]);
      await attempts.createIndexes([{ key: { subscription: 1, at: -1 } }, { key: { at: 1 }, expireAfterSeconds: keep.attempts }]);
      await queues.createIndexes([{ key: { nextAt: 1 } }, { key: { heartbeatAt: 1 } }]);
    },
    async enqueue(noticed) {
      const all = [...noticed].filter(([, notices]) => notices.length > 0);
      for (let at = 0; at < all.length; at += TOGETHER) {
        const part = all.slice(at, at + TOGETHER);
        await again(() => connection.transaction((session) => layDown({ deliveries, queues, clock }, part, session)));
      }
    },
    wake,
    async replay(subscription, chosen) {
      const now = clock();
      const { modifiedCount } = await deliveries.updateMany(
        { ...chosen, subscription },
        { $set: { state: 'pending', attempts: 0, nextAt: now, pendingSince: now }, $unset: { settledAt: '' } },
      );
      await wake(subscription);
      return modifiedCount;
    },
    eventsSoFar: async (subscription) => (await queues.findOne({ _id: subscription }))?.number ?? 0,
  };
}

interface Places {
  deliveries: Queues['deliveries'];
  queues: Queues['queues'];
  clock: () => Date;
}

type Part = readonly (readonly [string, readonly Notice[]])[];

/** In one transaction, so that numbers have no gaps whatever dies in between. */
async function layDown({ deliveries, queues, clock }: Places, part: Part, session: mongo.ClientSession): Promise<void> {
  const eventIds = part.flatMap(([, notices]) => notices.map(({ eventId }) => eventId));
  const filter = { subscription: { $in: part.map(([id]) => id) }, eventId: { $in: eventIds } };
  const known = await deliveries.find(filter, { session, projection: { eventId: 1, subscription: 1 } }).toArray();
  const seen = new Set(known.map(({ subscription, eventId }) => `${subscription} ${eventId}`));
  const fresh = part
    .map(([id, notices]) => [id, notices.filter(({ eventId }) => !seen.has(`${id} ${eventId}`))] as const)
    .filter(([, notices]) => notices.length > 0);
  if (fresh.length === 0) return;
  const now = clock();
  await queues.bulkWrite(
    fresh.map(([id, notices]) => ({
      updateOne: { filter: { _id: id }, update: { $inc: { number: notices.length, wakes: 1 }, $set: { nextAt: now } }, upsert: true },
    })),
    { session },
  );
  const counted = await queues.find({ _id: { $in: fresh.map(([id]) => id) } }, { session, projection: { number: 1 } }).toArray();
  const last = new Map(counted.map(({ _id, number }) => [_id, number]));
  const documents = fresh.flatMap(([subscription, notices]) =>
    notices.map((notice, i): Delivery => {
      const number = (last.get(subscription) ?? notices.length) - notices.length + 1 + i;
      return { ...notice, _id: `${subscription}:${number}`, subscription, number, state: 'pending', attempts: 0, nextAt: now, pendingSince: now };
    }),
  );
  await deliveries.insertMany(documents, { session });
}

const DUPLICATE = 11000;

/** Two processes that begin one queue at the same moment: the second finds it there the next time. */
async function again(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await work();
      return;
    } catch (error) {
      if ((error as { code?: number }).code !== DUPLICATE || tries >= 5) throw error;
    }
  }
}
