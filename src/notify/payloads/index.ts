import type { Bundle } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { stringifyFhirJson, stringifyFhirXml } from '../../fhir';
import type { Message } from '../delivery/attempt';
import type { CompiledSubscription } from '../types';
import { notificationBundle, type Told } from './backport';

export * from './backport';

/** The message to send for the notices at hand, in the form that the subscription asked for. */
export function messageOf(
  baseUrl: string,
  subscription: CompiledSubscription,
  told: readonly Told[],
): Message {
  const [first] = told;
  if (first === undefined) throw new Error('A message needs at least one notice.');
  const { form, endpoint } = subscription;
  const id = `msg_${first.delivery.eventId}`;
  switch (form.kind) {
    case 'vendor':
      return {
        id,
        method: 'POST',
        url: endpoint,
        headers: { 'Content-Type': 'application/json' },
        body: first.delivery.vendor?.body ?? '{}',
      };
    case 'r4':
      return { id, ...r4Call(subscription, first) };
    case 'backport': {
      const last = told.at(-1)?.delivery.number ?? 0;
      return {
        id,
        ...bundleCall(
          subscription,
          notificationBundle(baseUrl, subscription, 'event-notification', last, told),
        ),
      };
    }
  }
}

/** A handshake or a heartbeat: a notification without events; to plain R4 receivers an empty call. */
export function emptyMessage(
  baseUrl: string,
  subscription: CompiledSubscription,
  type: 'handshake' | 'heartbeat',
  eventsSoFar: number,
): Message {
  const id = `msg_${randomUUID()}`;
  if (subscription.form.kind !== 'backport') return { id, method: 'POST', url: subscription.endpoint };
  return {
    id,
    ...bundleCall(subscription, notificationBundle(baseUrl, subscription, type, eventsSoFar, [])),
  };
}

function bundleCall({ form, endpoint }: CompiledSubscription, bundle: Bundle): Omit<Message, 'id'> {
  const payload = form.kind === 'backport' ? form.payload : 'application/fhir+json';
  return {
    method: 'POST',
    url: endpoint,
    headers: { 'Content-Type': payload },
    body: written(bundle, payload),
  };
}

/** R4's own rest-hook: the resource by PUT when a payload type is given, else an empty POST. https://hl7.org/fhir/R4/subscription.html#2.46.7.1 */
function r4Call({ form, endpoint }: CompiledSubscription, { delivery, resource }: Told): Omit<Message, 'id'> {
  const payload = form.kind === 'r4' ? form.payload : undefined;
  if (payload === undefined || resource === undefined || delivery.interaction === 'delete')
    return { method: 'POST', url: endpoint };
  const { type, id } = delivery.focus;
  // What stands behind the path, such as a receiver's key, stays behind it.
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${type}/${id}`;
  return {
    method: 'PUT',
    url: url.href,
    headers: { 'Content-Type': payload },
    body: written(resource, payload),
  };
}

function written(resource: Parameters<typeof stringifyFhirJson>[0] & object, payload: string): string {
  return payload.includes('xml')
    ? stringifyFhirXml(resource as Parameters<typeof stringifyFhirXml>[0])
    : stringifyFhirJson(resource);
}
