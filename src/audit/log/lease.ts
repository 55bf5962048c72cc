/** A lease in the database: one process at a time, and a dead one's comes free by itself. */
import type { mongo } from 'mongoose';
import { isDuplicate, type StateDocument } from './collections';

export interface Lease {
  /** True when this process has it now, for `milliseconds` from now. */
  take(): Promise<boolean>;
  release(): Promise<void>;
}

export function createLease(
  state: mongo.Collection<StateDocument>,
  name: string,
  owner: string,
  milliseconds: number,
): Lease {
  return {
    take: async () => {
      const now = Date.now();
      try {
        const free = { _id: name, $or: [{ owner }, { until: { $lt: new Date(now) } }] };
        const taken = { $set: { owner, until: new Date(now + milliseconds) } };
        const { matchedCount, upsertedCount } = await state.updateOne(free, taken, { upsert: true });
        return matchedCount + upsertedCount === 1;
      } catch (error) {
        // Somebody else holds it: the insert of the upsert meets their document.
        if (isDuplicate(error)) return false;
        throw error;
      }
    },
    release: async () => {
      await state.updateOne({ _id: name, owner }, { $set: { until: new Date(0) } });
    },
  };
}
