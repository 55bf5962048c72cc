import type { mongo } from 'mongoose';
import type { StoreConnection } from '../connection';
import type { OutboxFields } from '../documents';

/** Committed documents whose events wait to be taken over, of all processes. */
export async function outboxDepth(connection: StoreConnection): Promise<number> {
  const places = [
    connection.outbox,
    ...(await connection.typesInUse()).map((type) => connection.records(type)),
  ];
  const counts = await Promise.all(
    (places as unknown as mongo.Collection<OutboxFields>[]).map((place) =>
      place.countDocuments({ due: { $exists: true } }),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
