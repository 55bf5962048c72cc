import type { mongo } from 'mongoose';
import { collectionOf, type KeyUseRecord, type Records } from './records';

/** Requests with a key in one hour. */
export interface HourOfUse {
  /** Beginning of the hour. */
  at: Date;
  requests: number;
  /** Refused by the plan's limit. */
  refused: number;
  /** The most requests in one of its minutes. */
  busiestMinute: number;
}

/** How much each key is used, for its owners to compare with the plan. Counts may be some seconds late. */
export interface KeyUse {
  /** Counts a request; nothing waits for it. */
  note(key: string, refused: boolean): void;
  /** Hours with requests since then, oldest first; hours without any are left out. */
  since(key: string, from: Date): Promise<HourOfUse[]>;
  /** The busiest minute since then of each of these keys that was used at all. */
  busiest(keys: readonly string[], from: Date): Promise<ReadonlyMap<string, number>>;
  /** Resolves when all that was noted here is stored. */
  flush(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const KEPT_MS = 90 * 24 * HOUR_MS;
const FLUSH_MS = 2_000;

/** What is to be added to a record. */
interface Pending {
  key: string;
  hour: Date;
  counts: Map<string, number>;
}

export function createKeyUse({ keyUse }: Pick<Records, 'keyUse'>, clock: () => Date): KeyUse {
  const collection = collectionOf(keyUse);
  let pending = new Map<string, Pending>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<unknown> = Promise.resolve();

  const flush = (): Promise<unknown> => {
    clearTimeout(timer);
    timer = undefined;
    const taken = [...pending];
    pending = new Map();
    if (taken.length > 0) {
      // A count that is lost with the database is no reason to fail.
      writing = writing.then(() => collection.bulkWrite(taken.map(addition))).catch(() => undefined);
    }
    return writing;
  };

  return {
    note(key, refused) {
      const now = clock();
      const hour = new Date(Math.floor(now.getTime() / HOUR_MS) * HOUR_MS);
      const id = `${key}|${hour.toISOString()}`;
      const entry = pending.get(id) ?? { key, hour, counts: new Map<string, number>() };
      pending.set(id, entry);
      const counted = refused ? ['refused'] : ['requests', `minutes.${now.getUTCMinutes()}`];
      for (const name of counted) entry.counts.set(name, (entry.counts.get(name) ?? 0) + 1);
      timer ??= setTimeout(() => void flush(), FLUSH_MS).unref();
    },
    async since(key, from) {
      await flush();
      const hours = await collection
        .find({ key, hour: { $gte: from } })
        .sort({ hour: 1 })
        .toArray();
      return hours.map(({ hour, requests = 0, refused = 0, minutes = {} }) => ({
        at: hour,
        requests,
        refused,
        busiestMinute: Math.max(0, ...Object.values(minutes)),
      }));
    },
    async busiest(keys, from) {
      await flush();
      const hours = collection.find({ key: { $in: [...keys] }, hour: { $gte: from } });
      const most = new Map<string, number>();
      for await (const { key, minutes = {} } of hours)
        most.set(key, Math.max(most.get(key) ?? 0, ...Object.values(minutes)));
      return most;
    },
    async flush() {
      await flush();
    },
  };
}

function addition([_id, { key, hour, counts }]: [
  string,
  Pending,
]): mongo.AnyBulkWriteOperation<KeyUseRecord> {
  const expireAt = new Date(hour.getTime() + KEPT_MS);
  const update = { $inc: Object.fromEntries(counts), $setOnInsert: { key, hour, expireAt } };
  return { updateOne: { filter: { _id }, update, upsert: true } };
}
