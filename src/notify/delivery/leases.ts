import { randomUUID } from 'node:crypto';
import { gathered } from '../../store';
import type { Queue } from '../types';
import type { Queues } from './queues';

/** How many queues a worker takes at most: of all, and of those whose calls fail. */
export interface Room {
  all: number;
  failing: number;
}

/** Takes the queues that are due, the longest waiting first: three round trips, however many they are. */
export async function leaseDue(
  { queues }: Pick<Queues, 'queues'>,
  owner: string,
  now: Date,
  until: Date,
  room: Room,
): Promise<Queue[]> {
  for (;;) {
    const ids = await dueIds({ queues }, now, room);
    if (ids.length === 0) return [];
    const lease = `${owner}/${randomUUID()}`;
    const { modifiedCount } = await queues.updateMany(
      { _id: { $in: ids }, ...freeAt(now) },
      { $set: { lease, until } },
    );
    if (modifiedCount > 0) return queues.find({ _id: { $in: ids }, lease }).toArray();
    // Other processes took all of them: there may be more behind.
  }
}

function freeAt(now: Date) {
  return { nextAt: { $lte: now }, $or: [{ until: { $exists: false } }, { until: { $lt: now } }] };
}

async function dueIds({ queues }: Pick<Queues, 'queues'>, now: Date, room: Room): Promise<string[]> {
  const ids = async (isFailing: boolean, limit: number): Promise<string[]> => {
    if (limit <= 0) return [];
    const due = queues.find(
      { ...freeAt(now), failingSince: { $exists: isFailing } },
      { projection: { _id: 1 } },
    );
    return (await due.sort({ nextAt: 1 }).limit(limit).toArray()).map(({ _id }) => _id);
  };
  // Of what is free, failing ones get half at most, so that they delay nobody else.
  const [healthy, failing] = await Promise.all([
    ids(false, room.all),
    ids(true, Math.min(room.failing, Math.ceil(room.all / 2))),
  ]);
  return [...healthy.slice(0, room.all - failing.length), ...failing];
}

/** What a turn leaves behind. */
export interface Outcome {
  /** When the next notice is due; undefined when nothing waits. */
  next: Date | undefined;
  failingSince?: Date | undefined;
  notBefore?: Date | undefined;
  /** The heartbeat is put off: a notification is a sign of life as well. */
  heartbeatAt?: Date | undefined;
}

/** Gives queues back, several together. What came meanwhile counted `wakes` up; then the queue is due at once. */
export function createRelease(
  { queues }: Pick<Queues, 'queues'>,
  clock: () => Date,
): (done: { queue: Queue; outcome: Outcome }) => Promise<void> {
  return gathered(async (items) => {
    const given = items.map(({ queue, outcome }) => {
      const unseen = { ...mine(queue), wakes: queue.wakes ?? { $exists: false } };
      return { updateOne: { filter: unseen, update: updateFor(outcome, outcome.next) } };
    });
    const { matchedCount } = await queues.bulkWrite(given, { ordered: false });
    if (matchedCount < items.length) {
      const late = items.map(({ queue, outcome }) => ({
        updateOne: { filter: mine(queue), update: updateFor(outcome, outcome.notBefore ?? clock()) },
      }));
      await queues.bulkWrite(late, { ordered: false });
    }
    return items.map(() => undefined);
  });
}

/** A queue that has been given back carries the lease no more. */
function mine({ _id, lease }: Queue) {
  return { _id, ...(lease !== undefined && { lease }) };
}

function updateFor({ failingSince, notBefore, heartbeatAt }: Outcome, nextAt: Date | undefined) {
  const all = { nextAt, failingSince, notBefore };
  const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const dropped = Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [[name, '']] : [])),
  );
  const set = { ...kept, ...(heartbeatAt !== undefined && { heartbeatAt }) };
  return {
    $unset: { lease: '' as const, until: '' as const, ...dropped },
    ...(Object.keys(set).length > 0 && { $set: set }),
  };
}
