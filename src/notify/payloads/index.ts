import { stringifyFhirJson, stringifyFhirXml } from '../../fhir';
import type { Call } from '../../outbound';
import type { CompiledSubscription } from '../types';
import { notificationBundle, type Told } from './backport';

export * from './backport';

/** The message to send for the notices at hand, in the form that the subscription asked for; signed by the worker. */
export function messageOf(
  baseUrl: string,
  subscription: CompiledSubscription,
  told: readonly Told[],
  eventsSinceStart: number,
): Pick<Call, 'method' | 'url' | 'headers' | 'body'> {
  const [first] = told;
  if (first === undefined) throw new Error('A message needs at least one notice.');
  const { form, endpoint, headers } = subscription;
  switch (form.kind) {
    case 'vendor':
      return { method: 'POST', url: endpoint, headers: { ...headers, 'Content-Type': 'application/json' }, body: first.delivery.vendor?.body ?? '{}' };
    case 'r4':
      return r4Message(subscription, first);
    case 'backport': {
      const bundle = notificationBundle(baseUrl, subscription, 'event-notification', eventsSinceStart, told);
      return { method: 'POST', url: endpoint, headers: { ...headers, 'Content-Type': form.payload }, body: written(bundle, form.payload) };
    }
  }
}

/** R4's own rest-hook: the resource by PUT when a payload type is given, else an empty POST. https://hl7.org/fhir/R4/subscription.html#2.46.7.1 */
function r4Message(subscription: CompiledSubscription, { delivery, resource }: Told): Pick<Call, 'method' | 'url' | 'headers' | 'body'> {
  const { form, endpoint, headers } = subscription;
  const payload = form.kind === 'r4' ? form.payload : undefined;
  if (payload === undefined || resource === undefined || delivery.interaction === 'delete') return { method: 'POST', url: endpoint, headers };
  const { type, id } = delivery.focus;
  const url = `${endpoint.replace(/\/+$/, '')}/${type}/${id}`;
  return { method: 'PUT', url, headers: { ...headers, 'Content-Type': payload }, body: written(resource, payload) };
}

function written(resource: Parameters<typeof stringifyFhirJson>[0] & object, payload: string): string {
  return payload.includes('xml') ? stringifyFhirXml(resource as Parameters<typeof stringifyFhirXml>[0]) : stringifyFhirJson(resource);
}
