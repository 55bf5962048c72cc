/** Numbers shared by all processes: named sequences, and the counters of locks. */
import type { StoreConnection } from './connection';
import { isDuplicateKey } from './failures';
import type { LockDocument } from './transactions';

interface SequenceDocument {
  _id: string;
  last: number;
}

/** The next number of the sequence, from 1; a number is given once, and lost when its taker fails. */
export async function nextNumber(connection: StoreConnection, sequence: string): Promise<number> {
  const sequences = connection.collection<SequenceDocument>('sequences');
  for (;;) {
    try {
      const options = { upsert: true, returnDocument: 'after' } as const;
      const document = await sequences.findOneAndUpdate({ _id: sequence }, { $inc: { last: 1 } }, options);
      if (document !== null) return document.last;
    } catch (error) {
      // Two processes began the sequence at the same moment; the second now finds it there.
      if (!isDuplicateKey(error)) throw error;
    }
  }
}

/** How many committed transactions have locked the key. */
export async function holds(connection: StoreConnection, key: string): Promise<number> {
  return (await connection.collection<LockDocument>('locks').findOne({ _id: key }))?.holds ?? 0;
}
