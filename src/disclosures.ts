import type { Resource } from '@medplum/fhirtypes';
import { type AuditDraft, newEventId } from './audit';
import { patientIdsOf } from './fhir';
import type { Attempted } from './notify';

/**
 * The audit entries of one delivery: a disclosure to whoever asked for it, one entry for each patient that it tells of.
 * https://profiles.ihe.net/ITI/BALP/1.1.3/content.html#2-privacy-disclosure-audit-events
 */
export function disclosures({ subscription, told, result }: Attempted): AuditDraft[] {
  const { id, channel, endpoint } = subscription;
  const { host, hostname } =
    channel === 'websocket' ? { host: 'websocket', hostname: 'websocket' } : new URL(endpoint);
  return [...byPatient(told)].map(([patient, resources]) => ({
    id: newEventId(),
    at: new Date(),
    requestId: told[0]?.delivery.eventId ?? id,
    face: 'worker',
    interaction: 'delivery',
    action: 'R',
    outcome: result.kind === 'received' ? '0' : '4',
    agent: { ...recipient(subscription), address: hostname },
    ...(patient !== undefined && { patients: [patient] }),
    resources: [...resources],
    details: [
      { type: 'webhook', value: id },
      { type: 'endpoint', value: host },
    ],
  }));
}

/** References of what was told, by patient; what is about none stands under undefined. */
function byPatient(told: Attempted['told']): Map<string | undefined, Set<string>> {
  const found = new Map<string | undefined, Set<string>>();
  for (const { delivery, resource, included } of told) {
    const { type, id, version } = delivery.focus;
    const focus = version === 0 ? `${type}/${id}` : `${type}/${id}/_history/${version}`;
    const references = [focus, ...included.map(referenceTo)];
    const patients = new Set(
      [resource, ...included].flatMap((each) => (each === undefined ? [] : patientIdsOf(each))),
    );
    for (const patient of patients.size === 0 ? [undefined] : patients) {
      const known = found.get(patient) ?? new Set();
      references.forEach((each) => known.add(each));
      found.set(patient, known);
    }
  }
  return found;
}

function referenceTo({ resourceType, id }: Resource): string {
  return `${resourceType}/${id ?? ''}`;
}

/** The client that subscribed, or the practice's webhook. */
function recipient({
  id,
  practices,
  author,
}: Attempted['subscription']): Pick<AuditDraft['agent'], 'kind' | 'id' | 'name' | 'practice'> {
  const [practice] = practices;
  const who =
    author?.kind === 'client'
      ? { kind: 'client' as const, id: author.id, name: author.name }
      : { kind: 'system' as const, id, name: `Webhook ${id}` };
  return { ...who, ...(practice !== undefined && { practice }) };
}
