import { randomUUID } from 'node:crypto';
import { heartbeatCall } from '../subscriptions/lifecycle';
import type { Queue } from '../types';
import { attempt } from './attempt';
import type { TurnContext } from './turn';

/** When the next heartbeat of a queue would be due. */
export function heartbeatAfter(now: Date, seconds: number): Date {
  return new Date(now.getTime() + seconds * 1000);
}

/**
 * Sends the heartbeats that are due: to rest-hooks that asked for them and were told nothing for a period.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html#heartbeat
 */
export async function sendHeartbeats(context: TurnContext): Promise<void> {
  const { queues, clock } = context;
  for (;;) {
    const now = clock();
    // Taken for a minute: a process that dies with it leaves it to the next.
    const due = await queues.queues.findOneAndUpdate(
      { heartbeatAt: { $lte: now } },
      { $set: { heartbeatAt: heartbeatAfter(now, 60) } },
      { sort: { heartbeatAt: 1 }, returnDocument: 'after' },
    );
    if (due === null) return;
    await heartbeat(context, due);
  }
}

async function heartbeat(context: TurnContext, { _id, number }: Queue): Promise<void> {
  const { queues, clock } = context;
  const subscription = await context.subscription(_id);
  const seconds = subscription?.heartbeatSeconds ?? 0;
  if (subscription?.status !== 'active' || seconds === 0 || subscription.channel === 'websocket' || (await context.viewerOf(subscription)) === undefined) {
    await queues.queues.updateOne({ _id }, { $unset: { heartbeatAt: '' } });
    return;
  }
  const result = await attempt(context.outbound, subscription, heartbeatCall(context.baseUrl, subscription, number));
  const answered = result.kind === 'received' || result.kind === 'gone' ? result.answer : undefined;
  await queues.attempts.insertOne({
    _id: randomUUID(),
    subscription: _id,
    from: number,
    to: number,
    at: clock(),
    milliseconds: answered?.milliseconds ?? (result.kind === 'retry' ? result.milliseconds : 0),
    ...(answered !== undefined && { status: answered.status }),
    ...(result.kind === 'retry' && result.error !== undefined && { error: result.error }),
  });
  if (result.kind === 'gone') await context.turnOff(subscription, 'The receiver answered 410 Gone.');
  await queues.queues.updateOne({ _id }, { $set: { heartbeatAt: heartbeatAfter(clock(), seconds) } });
}
