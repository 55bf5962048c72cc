/** Marks: how a process notices that another has written what it keeps in memory. */
import type { StoreConnection } from './connection';
import { type RunningTransaction, upsertInTransaction } from './transactions';

/** `_id` is the key and the number of a place. */
interface MarkDocument {
  _id: string;
  count: number;
}

/** Places that a key is counted at, so that transactions which mark the same key do not collide. */
const PLACES = 16;

let next = Math.floor(Math.random() * PLACES);

/** Counts the key up, with the transaction and once in it. */
export async function mark(
  connection: StoreConnection,
  transaction: RunningTransaction,
  key: string,
): Promise<void> {
  if (transaction.marked.has(key)) return;
  transaction.marked.add(key);
  next = (next + 1) % PLACES;
  // A collision with another process makes the transaction run again, at another place.
  const places = connection.collection<MarkDocument>('marks');
  await upsertInTransaction(places, transaction, [`${key} ${next}`], { $inc: { count: 1 } });
}

/** How many committed transactions have marked the key. */
export async function marks(connection: StoreConnection, key: string): Promise<number> {
  const ids = Array.from({ length: PLACES }, (_, place) => `${key} ${place}`);
  const found = await connection
    .collection<MarkDocument>('marks')
    .find({ _id: { $in: ids } })
    .toArray();
  return found.reduce((sum, { count }) => sum + count, 0);
}
