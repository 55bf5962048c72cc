import type { Subscription } from '@medplum/fhirtypes';
import { ProblemError } from '../../fhir';
import { acceptUrl, type Outbound } from '../../outbound';
import { EVERYTHING, type Store, type StoredVersion, type WriteContext } from '../../store';
import type { Credentials } from '../credentials';
import { attempt, type Result } from '../delivery/attempt';
import { emptyMessage } from '../payloads';
import type { CompiledSubscription } from '../types';
import { compileSubscription } from './compile';
import { ownWrite } from './rules';

export interface LifecycleContext {
  store: Store;
  outbound: Outbound;
  baseUrl: string;
  eventsSoFar(id: string): Promise<number>;
  credentials(subscription: CompiledSubscription): Promise<Credentials>;
  context: WriteContext;
}

/**
 * Takes a requested Subscription to `active` by a handshake, or to `error` with the reason. Harmless when several
 * processes do it at once: the status is written on the version that was read.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html#handshake
 */
export async function activate(
  lifecycle: LifecycleContext,
  id: string,
): Promise<CompiledSubscription | undefined> {
  const stored = await lifecycle.store.read<Subscription>(EVERYTHING, 'Subscription', id);
  if (stored === undefined || stored.deleted || stored.resource.status !== 'requested') return undefined;
  const subscription = compileSubscription(stored, stored.author);
  const failure = await handshake(lifecycle, subscription);
  await setStatus(lifecycle, stored, failure === undefined ? 'active' : 'error', failure);
  return failure === undefined ? subscription : undefined;
}

/** Ends a Subscription (410 of the receiver, its end date). */
export async function turnOff(lifecycle: LifecycleContext, id: string, reason: string): Promise<void> {
  const stored = await lifecycle.store.read<Subscription>(EVERYTHING, 'Subscription', id);
  if (stored === undefined || stored.deleted || stored.resource.status === 'off') return;
  await setStatus(lifecycle, stored, 'off', reason);
}

/** Why the channel cannot be used; undefined when it can. */
async function handshake(
  lifecycle: LifecycleContext,
  subscription: CompiledSubscription,
): Promise<string | undefined> {
  // A websocket's client shakes hands when it binds.
  if (subscription.channel === 'websocket') return undefined;
  try {
    acceptUrl(subscription.endpoint, lifecycle.outbound.policy, 'Subscription.channel.endpoint');
  } catch (error) {
    return (error as Error).message;
  }
  // Vendor receivers know only their own bodies: the first event is their handshake.
  if (subscription.form.kind === 'vendor') return undefined;
  const { outbound, baseUrl } = lifecycle;
  const message = emptyMessage(
    baseUrl,
    subscription,
    'handshake',
    await lifecycle.eventsSoFar(subscription.id),
  );
  const result = await attempt(outbound, subscription, await lifecycle.credentials(subscription), message);
  return result.kind === 'received' ? undefined : wording(result);
}

function wording(result: Exclude<Result, { kind: 'received' }>): string {
  const status = result.answer?.status;
  if (status !== undefined) return `The endpoint answered the handshake with ${status}, not with 2xx.`;
  return `The endpoint could not be reached for the handshake: ${result.kind === 'retry' ? (result.error ?? 'no answer') : 'gone'}.`;
}

/** Writes the status unless somebody else changed the Subscription meanwhile: then theirs counts. */
async function setStatus(
  { store, context }: LifecycleContext,
  stored: StoredVersion<Subscription>,
  status: Subscription['status'],
  reason: string | undefined,
): Promise<void> {
  const { error: _old, ...rest } = stored.resource;
  const resource: Subscription & { id: string } = {
    ...rest,
    id: stored.id,
    status,
    ...(reason !== undefined && { error: reason }),
  };
  // Whose Subscription it is decides what may be delivered, so it stays with who asked for it.
  const author = stored.author ?? context.author;
  try {
    await store.commit(
      [{ kind: 'put', resource, ifVersion: stored.version }],
      ownWrite({ ...context, author }),
    );
  } catch (error) {
    if (!(error instanceof ProblemError) || !['conflict', 'precondition-failed'].includes(error.code))
      throw error;
  }
}
