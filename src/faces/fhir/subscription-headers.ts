import type { Resource, Subscription } from '@medplum/fhirtypes';
import { cloneResource } from '../../fhir';
import type { FhirContext } from './context';
import type { FhirRequest, FhirResponse } from './request';

/**
 * Subscriptions show the values of `channel.header` to the one who wrote them: what a client sends comes back to it as
 * it went in. Everybody else sees that there are headers.
 */
export async function withOwnHeaders(
  { subscriptions }: FhirContext,
  { x }: FhirRequest,
  response: FhirResponse,
): Promise<FhirResponse> {
  const { resource } = response;
  if (resource === undefined || withHeaders(resource).length === 0) return response;
  const copy = cloneResource(resource);
  const hidden = withHeaders(copy);
  const own = await subscriptions.headersWrittenBy(x.principal.id, hidden);
  for (const { id = '', channel } of hidden) {
    const lines = own.get(id);
    if (lines !== undefined) channel.header = lines;
  }
  return { ...response, resource: copy };
}

/** The Subscriptions with headers in an answer, those in bundles within bundles included. */
function withHeaders(resource: Resource): Subscription[] {
  if (resource.resourceType === 'Bundle')
    return (resource.entry ?? []).flatMap((entry) =>
      entry.resource === undefined ? [] : withHeaders(entry.resource),
    );
  return resource.resourceType === 'Subscription' && resource.channel?.header !== undefined ? [resource] : [];
}
