import { referencedId } from '../fhir';
import type { ServiceRequest } from '@medplum/fhirtypes';
import type { StoredVersion } from '../store';
import { taggedStatus, type ReferralStatus } from './status';

/** Something that happened to a referral, as HandoffRx names it ("Event Types"). */
export interface ReferralEvent {
  event: `referral.${'created' | Exclude<ReferralStatus, 'pending'>}`;
  referralId: string;
  status: ReferralStatus;
  updatedAt: Date;
  /** Organization ids of those who are told. */
  practices: readonly string[];
}

/**
 * What a change of a ServiceRequest means. Its tag is kept in step with the Task in one transaction, whichever face
 * wrote, so this one resource tells every event exactly once.
 */
export function referralEvents(current: StoredVersion, previous: StoredVersion | undefined): ReferralEvent[] {
  const request = requestIn(current);
  const status = request === undefined ? undefined : taggedStatus(request);
  if (request === undefined || status === undefined) return [];
  const before = previous === undefined ? undefined : requestIn(previous);
  const statusBefore = before === undefined ? undefined : taggedStatus(before);
  const told = { referralId: current.id, status, updatedAt: current.lastUpdated };
  const events: ReferralEvent[] = [];
  if (statusBefore === undefined)
    events.push({ ...told, event: 'referral.created', practices: receivers(request, current.access) });
  if (status !== 'pending' && status !== statusBefore)
    events.push({ ...told, event: `referral.${status}`, practices: current.access });
  return events;
}

function requestIn({ deleted, resource }: StoredVersion): ServiceRequest | undefined {
  return !deleted && resource.resourceType === 'ServiceRequest' ? resource : undefined;
}

/** Those it is addressed to; where only a Task says who, everybody involved but the sender. */
function receivers(request: ServiceRequest, access: readonly string[]): string[] {
  const addressed = (request.performer ?? []).flatMap(
    (performer) => referencedId(performer, 'Organization') ?? [],
  );
  const known = addressed.filter((id) => access.includes(id));
  if (known.length > 0) return known;
  const sender = referencedId(request.requester, 'Organization');
  return access.filter((id) => id !== sender);
}

/** The documented webhook body, in its order of fields. HandoffRx, "Webhook Payload". */
export function webhookBody({ event, referralId, status, updatedAt }: ReferralEvent, at: Date): string {
  const data = {
    referral_id: referralId,
    status,
    updated_at: updatedAt.toISOString().replace(/\.\d{3}Z$/, 'Z'),
  };
  return JSON.stringify({ event, data, timestamp: at.toISOString() });
}
