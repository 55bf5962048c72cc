import type { Connection, mongo } from 'mongoose';
import type { Attempt, Delivery, Notice, Queue } from '../types';

type Collection<T extends mongo.Document> = mongo.Collection<T>;

/** Collection `notify_numbers`: apart from the queues, so that numbering and working never wait for each other. */
interface Numbering {
  /** Subscription id. */
  _id: string;
  /** Number of the last notice: events since the subscription's start. */
  number: number;
}

/** The collections of deliveries, and the moves on them that must be whole. */
export interface Queues {
  deliveries: Collection<Delivery & mongo.Document>;
  attempts: Collection<Attempt & mongo.Document>;
  queues: Collection<Queue & mongo.Document>;
  ensureIndexes(): Promise<void>;
  /** When what is finished now may go. */
  keptUntil(now: Date): Date;
  /** Numbers the notices and lays them into their subscriptions' queues; those already there are left out. */
  enqueue(noticed: ReadonlyMap<string, readonly Notice[]>): Promise<void>;
  /** The queues are due now, whoever works on them at the moment. */
  wake(subscriptions: readonly string[]): Promise<void>;
  /** Takes deliveries up again; how many they were. */
  replay(subscription: string, chosen: mongo.Filter<Delivery & mongo.Document>): Promise<number>;
  /** Events since the subscription's start. */
  eventsSoFar(subscription: string): Promise<number>;
}

interface Places {
  connection: Connection;
  deliveries: Queues['deliveries'];
  queues: Queues['queues'];
  numbers: Collection<Numbering & mongo.Document>;
  clock: () => Date;
}

/** @param keepSeconds how long finished deliveries and attempts are kept. */
export function createQueues(connection: Connection, clock: () => Date, keepSeconds: number): Queues {
  const deliveries = connection.collection('notify_deliveries') as unknown as Queues['deliveries'];
  const attempts = connection.collection('notify_attempts') as unknown as Queues['attempts'];
  const queues = connection.collection('notify_queues') as unknown as Queues['queues'];
  const numbers = connection.collection('notify_numbers') as unknown as Places['numbers'];
  const places: Places = { connection, deliveries, queues, numbers, clock };
  return {
    deliveries,
    attempts,
    queues,
    async ensureIndexes() {
      await deliveries.createIndexes([
        { key: { subscription: 1, eventId: 1 }, unique: true },
        { key: { subscription: 1, state: 1, number: 1 } },
        { key: { subscription: 1, number: 1 } },
        { key: { expiresAt: 1 }, expireAfterSeconds: 0 },
      ]);
      await attempts.createIndexes([
        { key: { subscription: 1, at: -1 } },
        { key: { expiresAt: 1 }, expireAfterSeconds: 0 },
      ]);
      await queues.createIndexes([{ key: { nextAt: 1 } }, { key: { heartbeatAt: 1 } }]);
    },
    keptUntil: (now) => new Date(now.getTime() + keepSeconds * 1000),
    async enqueue(noticed) {
      const all = [...noticed].filter(([, notices]) => notices.length > 0);
      for (let at = 0; at < all.length; at += TOGETHER) {
        const part = all.slice(at, at + TOGETHER);
        await layDownOnce(places, part);
        await wake(
          places,
          part.map(([id]) => id),
        );
      }
    },
    wake: (subscriptions) => wake(places, subscriptions),
    async replay(subscription, chosen) {
      const now = clock();
      const { modifiedCount } = await deliveries.updateMany(
        { ...chosen, subscription },
        {
          $set: { state: 'pending', attempts: 0, nextAt: now, pendingSince: now },
          $unset: { expiresAt: '' },
        },
      );
      await wake(places, [subscription]);
      return modifiedCount;
    },
    eventsSoFar: async (subscription) => (await numbers.findOne({ _id: subscription }))?.number ?? 0,
  };
}

async function wake(
  { queues, clock }: Pick<Places, 'queues' | 'clock'>,
  subscriptions: readonly string[],
): Promise<void> {
  const update = { $set: { nextAt: clock() }, $inc: { wakes: 1 } };
  const { matchedCount } = await queues.updateMany({ _id: { $in: [...subscriptions] } }, update);
  if (matchedCount === subscriptions.length) return;
  // The first notice of a subscription whose queue nothing has made yet.
  await queues.bulkWrite(
    subscriptions.map((_id) => ({ updateOne: { filter: { _id }, update, upsert: true } })),
    { ordered: false },
  );
}

/** Subscriptions whose notices are laid down in one transaction. */
const TOGETHER = 200;
const DUPLICATE = 11_000;
const MAX_TRIES = 5;

type Part = readonly (readonly [string, readonly Notice[]])[];

/**
 * A notice that is there already (its change came again after a crash) shows as a duplicate: only then is it looked
 * for. Two processes that begin to count for one subscription at the same moment show as one too, and try again.
 */
async function layDownOnce(places: Places, part: Part): Promise<void> {
  let fresh = part;
  for (let tries = 1; ; tries++) {
    try {
      await places.connection.transaction((session) => layDown(places, fresh, session));
      return;
    } catch (error) {
      if ((error as { code?: number }).code !== DUPLICATE || tries >= MAX_TRIES) throw error;
      fresh = await unknownOf(places, part);
      if (fresh.length === 0) return;
    }
  }
}

async function unknownOf({ deliveries }: Places, part: Part): Promise<Part> {
  const eventIds = part.flatMap(([, notices]) => notices.map(({ eventId }) => eventId));
  const filter = { subscription: { $in: part.map(([id]) => id) }, eventId: { $in: eventIds } };
  const known = await deliveries.find(filter, { projection: { eventId: 1, subscription: 1 } }).toArray();
  const seen = new Set(known.map(({ subscription, eventId }) => `${subscription} ${eventId}`));
  return part
    .map(([id, notices]) => [id, notices.filter(({ eventId }) => !seen.has(`${id} ${eventId}`))] as const)
    .filter(([, notices]) => notices.length > 0);
}

/** In one transaction, so that numbers have no gaps whatever dies in between. */
async function layDown(
  { deliveries, numbers, clock }: Places,
  part: Part,
  session: mongo.ClientSession,
): Promise<void> {
  await numbers.bulkWrite(
    part.map(([_id, notices]) => ({
      updateOne: { filter: { _id }, update: { $inc: { number: notices.length } }, upsert: true },
    })),
    { session },
  );
  const counted = await numbers.find({ _id: { $in: part.map(([id]) => id) } }, { session }).toArray();
  const last = new Map(counted.map(({ _id, number }) => [_id, number]));
  const now = clock();
  const documents = part.flatMap(([subscription, notices]) =>
    notices.map((notice, i): Delivery => {
      const number = (last.get(subscription) ?? notices.length) - notices.length + 1 + i;
      return {
        ...notice,
        _id: `${subscription}:${number}`,
        subscription,
        number,
        state: 'pending',
        attempts: 0,
        nextAt: now,
        pendingSince: now,
      };
    }),
  );
  await deliveries.insertMany(documents, { session });
}
