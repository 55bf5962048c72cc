import type { Bundle, BundleEntry, Parameters, ParametersParameter, Resource } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import type { CompiledSubscription, Delivery, PayloadContent } from '../types';

const PROFILE = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';

export type NotificationType =
  'handshake' | 'heartbeat' | 'event-notification' | 'query-status' | 'query-event';

export interface Told {
  delivery: Delivery;
  /** The focus as it was at that version; undefined when the subscriber may not see it. */
  resource: Resource | undefined;
  visible: boolean;
  /** What the topic's notification shape includes, as the subscriber may see it. */
  included: readonly Resource[];
}

/** SubscriptionStatus as R4 has it: Parameters. http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4 */
export function statusParameters(
  baseUrl: string,
  subscription: CompiledSubscription,
  type: NotificationType,
  eventsSinceStart: number,
  told: readonly Told[] = [],
  content: PayloadContent = contentOf(subscription),
): Parameters {
  const topic =
    subscription.form.kind === 'backport' && subscription.form.topic !== undefined
      ? [{ name: 'topic', valueCanonical: subscription.form.topic }]
      : [];
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
      ...told.map((each) => eventParameter(baseUrl, content, each)),
      ...(subscription.error === undefined
        ? []
        : [{ name: 'error', valueCodeableConcept: { text: subscription.error } }]),
    ],
  };
}

function eventParameter(
  baseUrl: string,
  content: PayloadContent,
  { delivery, visible, included }: Told,
): ParametersParameter {
  const { focus } = delivery;
  const named = visible && content !== 'empty';
  const context = named ? included : [];
  return {
    name: 'notification-event',
    part: [
      { name: 'event-number', valueString: String(delivery.number) },
      { name: 'timestamp', valueInstant: delivery.at.toISOString() },
      ...(named
        ? [{ name: 'focus', valueReference: { reference: `${baseUrl}/${focus.type}/${focus.id}` } }]
        : []),
      ...context.map((each) => ({
        name: 'additional-context',
        valueReference: { reference: addressOf(baseUrl, each) },
      })),
    ],
  };
}

function addressOf(baseUrl: string, { resourceType, id }: Resource): string {
  return `${baseUrl}/${resourceType}/${id ?? ''}`;
}

function contentOf(subscription: CompiledSubscription): PayloadContent {
  return subscription.form.kind === 'backport' ? subscription.form.content : 'empty';
}

/** A notification. http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-notification-r4 */
export function notificationBundle(
  baseUrl: string,
  subscription: CompiledSubscription,
  type: NotificationType,
  eventsSinceStart: number,
  told: readonly Told[],
  content: PayloadContent = contentOf(subscription),
): Bundle {
  const status = statusParameters(baseUrl, subscription, type, eventsSinceStart, told, content);
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
      ...(content === 'empty' ? [] : resourceEntries(baseUrl, told, content === 'full-resource')),
    ],
  };
}

/** The focus of each event, then what goes with them, each once. */
function resourceEntries(baseUrl: string, told: readonly Told[], full: boolean): BundleEntry[] {
  const visible = told.filter((each) => each.visible);
  const included = new Map(
    visible.flatMap((each) => each.included.map((resource) => [addressOf('', resource), resource])),
  );
  for (const { delivery } of visible) included.delete(`/${delivery.focus.type}/${delivery.focus.id}`);
  return [
    ...visible.map((each) => focusEntry(baseUrl, each, full)),
    ...[...included].map(([address, resource]) => ({
      fullUrl: baseUrl + address,
      ...(full && { resource }),
      request: { method: 'GET' as const, url: address.slice(1) },
      response: { status: '200' },
    })),
  ];
}

const METHOD = { create: 'POST', update: 'PUT', delete: 'DELETE' } as const;
const STATUS = { create: '201', update: '200', delete: '204' } as const;

function focusEntry(baseUrl: string, { delivery, resource }: Told, full: boolean): BundleEntry {
  const { focus, interaction } = delivery;
  return {
    fullUrl: `${baseUrl}/${focus.type}/${focus.id}`,
    ...(full && resource !== undefined && interaction !== 'delete' && { resource }),
    request: {
      method: METHOD[interaction],
      url: interaction === 'create' ? focus.type : `${focus.type}/${focus.id}`,
    },
    response: { status: STATUS[interaction] },
  };
}
