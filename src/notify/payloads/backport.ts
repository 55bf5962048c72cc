import type { Bundle, BundleEntry, Parameters, ParametersParameter, Resource } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import type { CompiledSubscription, Delivery } from '../types';

const PROFILE = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';

export type NotificationType = 'handshake' | 'heartbeat' | 'event-notification' | 'query-status' | 'query-event';

export interface Told {
  delivery: Delivery;
  /** The focus as it was at that version; undefined when the subscriber may not see it. */
  resource: Resource | undefined;
  visible: boolean;
}

/** SubscriptionStatus as R4 has it: Parameters. http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4 */
export function statusParameters(
  baseUrl: string,
  subscription: CompiledSubscription,
  type: NotificationType,
  eventsSinceStart: number,
  told: readonly Told[] = [],
): Parameters {
  const topic = subscription.form.kind === 'backport' ? [{ name: 'topic', valueCanonical: subscription.form.topic }] : [];
  return {
    resourceType: 'Parameters',
    id: randomUUID(),
    meta: { profile: [`${PROFILE}/backport-subscription-status-r4`] },
    parameter: [
      { name: 'subscription', valueReference: { reference: `${baseUrl}/Subscription/${subscription.id}` } },
      ...topic,
      { name: 'status', valueCode: subscription.status },
      { name: 'type', valueCode: type },
      { name: 'events-since-subscription-start', valueString: String(eventsSinceStart) },
      ...told.map((each) => eventParameter(baseUrl, subscription, each)),
    ],
  };
}

function eventParameter(baseUrl: string, subscription: CompiledSubscription, { delivery, visible }: Told): ParametersParameter {
  const { focus } = delivery;
  const named = visible && contentOf(subscription) !== 'empty';
  return {
    name: 'notification-event',
    part: [
      { name: 'event-number', valueString: String(delivery.number) },
      { name: 'timestamp', valueInstant: delivery.at.toISOString() },
      ...(named ? [{ name: 'focus', valueReference: { reference: `${baseUrl}/${focus.type}/${focus.id}` } }] : []),
    ],
  };
}

function contentOf(subscription: CompiledSubscription): string {
  return subscription.form.kind === 'backport' ? subscription.form.content : 'empty';
}

/** A notification. http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-notification-r4 */
export function notificationBundle(
  baseUrl: string,
  subscription: CompiledSubscription,
  type: NotificationType,
  eventsSinceStart: number,
  told: readonly Told[],
): Bundle {
  const status = statusParameters(baseUrl, subscription, type, eventsSinceStart, told);
  const content = contentOf(subscription);
  return {
    resourceType: 'Bundle',
    id: randomUUID(),
    meta: { profile: [`${PROFILE}/backport-subscription-notification-r4`] },
    type: 'history',
    timestamp: new Date().toISOString(),
    entry: [
      {
        fullUrl: `urn:uuid:${status.id}`,
        resource: status,
        request: { method: 'GET', url: `${baseUrl}/Subscription/${subscription.id}/$status` },
        response: { status: '200' },
      },
      ...(content === 'empty' ? [] : told.filter(({ visible }) => visible).map((each) => focusEntry(baseUrl, each, content === 'full-resource'))),
    ],
  };
}

const METHOD = { create: 'POST', update: 'PUT', delete: 'DELETE' } as const;
const STATUS = { create: '201', update: '200', delete: '204' } as const;

function focusEntry(baseUrl: string, { delivery, resource }: Told, full: boolean): BundleEntry {
  const { focus, interaction } = delivery;
  return {
    fullUrl: `${baseUrl}/${focus.type}/${focus.id}`,
    ...(full && resource !== undefined && interaction !== 'delete' && { resource }),
    request: { method: METHOD[interaction], url: interaction === 'create' ? focus.type : `${focus.type}/${focus.id}` },
    response: { status: STATUS[interaction] },
  };
}
