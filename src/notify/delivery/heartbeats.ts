import { randomUUID } from 'node:crypto';
import { emptyMessage } from '../payloads';
import type { Queue } from '../types';
import { attempt, describe } from './attempt';
import { allowedNow } from './deliver';
import type { TurnContext } from './turn';

/** Heartbeats to rest-hooks in the background: a receiver that hangs delays only its own. */
export interface Heartbeats {
  /** Begins those that are due. */
  begin(): Promise<void>;
  settled(): Promise<void>;
}

/** Calls under way at once. */
const AT_ONCE = 64;
/** So long is a heartbeat taken for: a process that dies with it leaves it to the next. */
const TAKEN_MS = 60_000;

/**
 * Sent to those who asked for them and were told nothing for a period.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html#heartbeat
 */
export function createHeartbeats(context: TurnContext): Heartbeats {
  const { queues, clock } = context;
  const running = new Set<Promise<void>>();
  return {
    async begin() {
      const now = clock();
      const room = AT_ONCE - running.size;
      if (room <= 0) return;
      const due = await queues.queues
        .find({ heartbeatAt: { $lte: now } })
        .sort({ heartbeatAt: 1 })
        .limit(room)
        .toArray();
      for (const queue of due) {
        const beating: Promise<void> = beat(context, queue, now)
          .catch(() => undefined) // it is due again in a minute
          .finally(() => running.delete(beating));
        running.add(beating);
      }
    },
    async settled() {
      await Promise.all(running);
    },
  };
}

async function beat(context: TurnContext, { _id, heartbeatAt }: Queue, now: Date): Promise<void> {
  const { queues, clock, outbound, baseUrl } = context;
  const mine = { _id, ...(heartbeatAt !== undefined && { heartbeatAt }) };
  const taken = await queues.queues.updateOne(mine, {
    $set: { heartbeatAt: new Date(now.getTime() + TAKEN_MS) },
  });
  if (taken.modifiedCount === 0) return;
  const allowed = await allowedNow(context, _id);
  const seconds = allowed?.subscription.heartbeatSeconds ?? 0;
  if (allowed?.viewer === undefined || seconds === 0 || allowed.subscription.channel === 'websocket') {
    await queues.queues.updateOne({ _id }, { $unset: { heartbeatAt: '' } });
    return;
  }
  const { subscription, credentials } = allowed;
  const number = await queues.eventsSoFar(_id);
  const result = await attempt(
    outbound,
    subscription,
    credentials,
    emptyMessage(baseUrl, subscription, 'heartbeat', number),
  );
  const at = clock();
  await queues.attempts.insertOne({
    _id: randomUUID(),
    subscription: _id,
    from: number,
    to: number,
    at,
    expiresAt: queues.keptUntil(at),
    ...describe(result),
  });
  if (result.kind === 'gone') await context.turnOff(subscription, 'The receiver answered 410 Gone.');
  await queues.queues.updateOne({ _id }, { $set: { heartbeatAt: new Date(at.getTime() + seconds * 1000) } });
}
