/** Numbers shared by all processes: named sequences. */
import type { StoreConnection } from './connection';
import { isDuplicateKey } from './failures';

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
