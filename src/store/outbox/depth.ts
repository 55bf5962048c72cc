/** What of the events waits to be taken over. */
import type { mongo } from 'mongoose';
import type { StoreConnection } from '../connection';
import type { OutboxFields } from '../documents';
import type { Relay } from './relay';

/** Committed documents whose events wait to be taken over, of all processes. */
export async function outboxDepth(connection: StoreConnection): Promise<number> {
  const counts = await Promise.all(
    (await placesOf(connection)).map((place) => place.countDocuments({ due: { $exists: true } })),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** How long events of other processes are waited for, in milliseconds. */
const PATIENCE_MS = 5_000;

/** Resolves when no committed document has events left, here or in another process; a stuck one is not waited for. */
export async function untilRelayed(connection: StoreConnection, relay: Relay | undefined): Promise<void> {
  await relay?.settled();
  const last = Date.now() + PATIENCE_MS;
  while (Date.now() < last && (await eventsWait(connection)))
    await new Promise((resolve) => setTimeout(resolve, 50));
}

async function eventsWait(connection: StoreConnection): Promise<boolean> {
  for (const place of await placesOf(connection)) {
    if ((await place.findOne({ due: { $exists: true } }, { projection: { _id: 1 } })) !== null) return true;
  }
  return false;
}

/** Collections whose documents carry events. */
async function placesOf(connection: StoreConnection): Promise<mongo.Collection<OutboxFields>[]> {
  const places = [
    connection.outbox,
    ...(await connection.typesInUse()).map((type) => connection.records(type)),
  ];
  return places as unknown as mongo.Collection<OutboxFields>[];
}
