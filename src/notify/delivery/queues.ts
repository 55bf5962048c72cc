import type { Connection, mongo } from 'mongoose';
import type { Attempt, Delivery, Notice, Queue } from '../types';

type Collection<T extends mongo.Document> = mongo.Collection<T>;

/** The collections of deliveries, and the moves on them that must be whole. */
export interface Queues {
  deliveries: Collection<Delivery & mongo.Document>;
  attempts: Collection<Attempt & mongo.Document>;
  queues: Collection<Queue & mongo.Document>;
  ensureIndexes(keepAttemptsSeconds: number): Promise<void>;
  /** Numbers the notices and lays them into the subscription's queue; those already there are left out. */
  enqueue(subscription: string, notices: readonly Notice[]): Promise<void>;
}

export function createQueues(connection: Connection, clock: () => Date): Queues {
  const deliveries = connection.collection('notify_deliveries') as unknown as Queues['deliveries'];
  const attempts = connection.collection('notify_attempts') as unknown as Queues['attempts'];
  const queues = connection.collection('notify_queues') as unknown as Queues['queues'];
  return {
    deliveries,
    attempts,
    queues,
    async ensureIndexes(keepAttemptsSeconds) {
      await deliveries.createIndexes([
        { key: { subscription: 1, eventId: 1 }, unique: true },
        { key: { subscription: 1, state: 1, number: 1 } },
        { key: { subscription: 1, number: 1 } },
      ]);
      await attempts.createIndexes([{ key: { subscription: 1, at: -1 } }, { key: { at: 1 }, expireAfterSeconds: keepAttemptsSeconds }]);
      await queues.createIndexes([{ key: { nextAt: 1 } }]);
    },
    enqueue: (subscription, notices) => enqueue({ connection, deliveries, queues, clock }, subscription, notices),
  };
}

interface Places {
  connection: Connection;
  deliveries: Queues['deliveries'];
  queues: Queues['queues'];
  clock: () => Date;
}

/** One transaction, so that numbers have no gaps whatever dies in between. */
async function enqueue(places: Places, subscription: string, notices: readonly Notice[]): Promise<void> {
  const { connection, deliveries, queues, clock } = places;
  if (notices.length === 0) return;
  await connection.transaction(async (session) => {
    const eventIds = notices.map(({ eventId }) => eventId);
    const known = await deliveries.find({ subscription, eventId: { $in: eventIds } }, { session, projection: { eventId: 1 } }).toArray();
    const seen = new Set(known.map(({ eventId }) => eventId));
    const fresh = notices.filter(({ eventId }) => !seen.has(eventId));
    if (fresh.length === 0) return;
    const now = clock();
    const queue = await queues.findOneAndUpdate(
      { _id: subscription },
      { $inc: { number: fresh.length }, $set: { nextAt: now }, $setOnInsert: { failures: 0 } },
      { upsert: true, returnDocument: 'after', session },
    );
    const last = queue?.number ?? fresh.length;
    const documents = fresh.map((notice, i): Delivery => {
      const number = last - fresh.length + 1 + i;
      return { ...notice, _id: `${subscription}:${number}`, subscription, number, state: 'pending', attempts: 0, nextAt: now };
    });
    await deliveries.insertMany(documents, { session });
  });
}
