/** A lease in the database: one process at a time, and a dead one's comes free by itself. */
import type { mongo } from 'mongoose';
import { isDuplicate, type StateDocument } from './collections';

export interface Lease {
  /** True when this process has it now, for at least half of `milliseconds`. */
  take(): Promise<boolean>;
  release(): Promise<void>;
}

export function createLease(
  state: mongo.Collection<StateDocument>,
  name: string,
  owner: string,
  milliseconds: number,
): Lease {
  /** Until when this process knows that it has it. */
  let held = 0;
  return {
    take: async () => {
      const now = Date.now();
      if (held - now > milliseconds / 2) return true;
      try {
        const free = { _id: name, $or: [{ owner }, { until: { $lt: new Date(now) } }] };
        const taken = { $set: { owner, until: new Date(now + milliseconds) } };
        const { matchedCount, upsertedCount } = await state.updateOne(free, taken, { upsert: true });
        const got = matchedCount + upsertedCount === 1;
        held = got ? now + milliseconds : 0;
        return got;
      } catch (error) {
        held = 0;
        // Somebody else holds it: the insert of the upsert meets their document.
        if (isDuplicate(error)) return false;
        throw error;
      }
    },
    release: async () => {
      if (held === 0) return;
      held = 0;
      await state.updateOne({ _id: name, owner }, { $set: { until: new Date(0) } });
    },
  };
}
