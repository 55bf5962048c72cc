import type { Queues } from '../delivery/queues';
import type { CompiledSubscription } from '../types';
import { activate, type LifecycleContext } from './lifecycle';

/** Longest handshake, with some room: after that another process may try. */
const CLAIM_MS = 65_000;
/** Handshakes under way at once; the others follow. */
const AT_ONCE = 64;
const DUPLICATE = 11_000;

/** Handshakes in the background, one at a time for each subscription over all processes. */
export interface Handshakes {
  begin(requested: Iterable<CompiledSubscription>): void;
  settled(): Promise<void>;
}

export function createHandshakes(
  lifecycle: LifecycleContext,
  queues: Queues,
  clock: () => Date,
  activated: () => void,
): Handshakes {
  const running = new Map<string, Promise<void>>();
  const shake = async (id: string): Promise<void> => {
    if (!(await claim(queues, id, clock()))) return;
    try {
      const active = await activate(lifecycle, id);
      const heartbeatAt = active?.heartbeatSeconds
        ? new Date(clock().getTime() + active.heartbeatSeconds * 1000)
        : undefined;
      if (heartbeatAt !== undefined) await queues.queues.updateOne({ _id: id }, { $set: { heartbeatAt } });
      if (active === undefined) return;
      await queues.wake([id]);
      activated();
    } finally {
      await queues.queues.updateOne({ _id: id }, { $unset: { handshakeUntil: '' } });
    }
  };
  return {
    begin(requested) {
      for (const { id } of requested) {
        if (running.size >= AT_ONCE) return;
        if (running.has(id)) continue;
        // What fails is tried again at the next look.
        const shaking = shake(id)
          .catch(() => undefined)
          .finally(() => running.delete(id));
        running.set(id, shaking);
      }
    },
    async settled() {
      await Promise.all(running.values());
    },
  };
}

async function claim({ queues }: Queues, id: string, now: Date): Promise<boolean> {
  const handshakeUntil = new Date(now.getTime() + CLAIM_MS);
  try {
    const free = { $or: [{ handshakeUntil: { $exists: false } }, { handshakeUntil: { $lt: now } }] };
    const claimed = await queues.updateOne(
      { _id: id, ...free },
      { $set: { handshakeUntil } },
      { upsert: true },
    );
    return claimed.modifiedCount + claimed.upsertedCount > 0;
  } catch (error) {
    // It is there, claimed by another.
    if ((error as { code?: number }).code === DUPLICATE) return false;
    throw error;
  }
}
