/** Leases on waiting events: several processes share the work, and a dead one's share comes back by itself. */
import type { mongo } from 'mongoose';
import { randomUUID } from 'node:crypto';
import type { StoreConnection } from '../connection';
import type { OutboxFields, RecordDocument } from '../documents';
import { WITHOUT_INDEX } from '../indexing';
import type { OutboxEvent } from '../types';
import type { OutboxPlace } from './local';

/** A document's waiting events, oldest first, and the lease under which they were taken. */
export interface LeasedEvents {
  place: OutboxPlace;
  id: string;
  events: OutboxEvent[];
  lease: string;
  /** When others may take them. */
  until: Date;
  /** The present version, unless the events are without a document. */
  document: RecordDocument | undefined;
}

type OutboxCollection = mongo.Collection<OutboxFields & { _id: string }>;

function placeOf(connection: StoreConnection, place: OutboxPlace): OutboxCollection {
  return connection.collection<OutboxFields & { _id: string }>(place);
}

/**
 * Takes up to `limit` documents whose events are due, for `leaseMs`. Who crashes, or is slower than its lease, lets
 * others take them again: delivery is at least once, in order per resource.
 */
export async function leaseEvents(
  connection: StoreConnection,
  place: OutboxPlace,
  options: { owner: string; limit: number; leaseMs: number },
): Promise<LeasedEvents[]> {
  const collection = placeOf(connection, place);
  const now = new Date();
  const due = await collection
    .find({ due: { $lte: now } }, { projection: WITHOUT_INDEX })
    .sort({ due: 1 })
    .limit(options.limit)
    .toArray();
  if (due.length === 0) return [];
  const ids = due.map((document) => document._id);
  const lease = `${options.owner}/${randomUUID()}`;
  const until = new Date(now.getTime() + options.leaseMs);
  const taken = await collection.updateMany(
    { _id: { $in: ids }, due: { $lte: now } },
    { $set: { lease, due: until } },
  );
  const mine =
    taken.modifiedCount === due.length
      ? due
      : await collection.find({ _id: { $in: ids }, lease }, { projection: WITHOUT_INDEX }).toArray();
  return mine.map((document) => ({
    place,
    id: document._id,
    events: document.events ?? [],
    lease,
    until,
    document: place === 'outbox' ? undefined : (document as unknown as RecordDocument),
  }));
}

/**
 * Clears delivered events. Where newer ones were pushed behind them meanwhile, those are left, due at once.
 * @returns true when something was left.
 */
export async function clearEvents(
  connection: StoreConnection,
  done: readonly LeasedEvents[],
): Promise<boolean> {
  let isLeft = false;
  for (const group of groups(done)) {
    const [{ place, lease, events } = { place: 'outbox' as const, lease: '', events: [] }] = group;
    const ids = group.map(({ id }) => id);
    const collection = placeOf(connection, place);
    // The same number of events as when they were taken: nothing was pushed, for nobody else removes any.
    const filter = { _id: { $in: ids }, lease, events: { $size: events.length } };
    const cleared =
      place === 'outbox'
        ? (await collection.deleteMany(filter)).deletedCount
        : (await collection.updateMany(filter, { $unset: { events: '', due: '', lease: '' } })).modifiedCount;
    if (cleared === group.length) continue;
    isLeft = true;
    await collection.bulkWrite(group.map((one) => ({ updateOne: partlyCleared(one) })));
  }
  return isLeft;
}

function partlyCleared({
  id,
  lease,
  events,
}: LeasedEvents): mongo.UpdateOneModel<OutboxFields & { _id: string }> {
  return {
    filter: { _id: id, lease },
    update: {
      $pull: { events: { id: { $in: events.map((event) => event.id) } } },
      $set: { due: new Date() },
      $unset: { lease: '' },
    },
  };
}

/** Gives events back that could not be delivered; they are due again after `delayMs`. */
export async function returnEvents(
  connection: StoreConnection,
  failed: readonly LeasedEvents[],
  delayMs: number,
): Promise<void> {
  const due = new Date(Date.now() + delayMs);
  for (const { place, id, lease } of failed) {
    await placeOf(connection, place).updateOne({ _id: id, lease }, { $set: { due }, $unset: { lease: '' } });
  }
}

/** Documents that one statement clears: of one place, under one lease, with equally many events. */
function groups(done: readonly LeasedEvents[]): LeasedEvents[][] {
  const byKey = new Map<string, LeasedEvents[]>();
  for (const one of done) {
    const key = `${one.place} ${one.lease} ${one.events.length}`;
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, [one]);
    else group.push(one);
  }
  return [...byKey.values()];
}
