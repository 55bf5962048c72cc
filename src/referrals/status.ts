import type { ServiceRequest, Task } from '@medplum/fhirtypes';
import { ProblemError } from '../fhir';
import { codeMapOf, profileTerminology } from '../mapping';

/** Statuses of a referral. HandoffRx, "Referrals": status filter. */
export const REFERRAL_STATUSES = ['pending', 'accepted', 'declined', 'scheduled', 'completed'] as const;
export type ReferralStatus = (typeof REFERRAL_STATUSES)[number];

/** What a party may change a status to. A repeat of the present status is no change. */
const POSSIBLE: Readonly<Record<ReferralStatus, readonly ReferralStatus[]>> = {
  pending: ['accepted', 'declined'],
  accepted: ['scheduled', 'completed', 'declined'],
  scheduled: ['completed', 'declined'],
  declined: [],
  completed: [],
};

/** How far each status is on its way: an EHR may write several steps at once, never one back. */
const STEP: Readonly<Record<ReferralStatus, number>> = {
  pending: 0,
  accepted: 1,
  scheduled: 2,
  completed: 3,
  declined: 3,
};

const taskCodes = codeMapOf(profileTerminology.conceptMap('referral-status'));
const requestCodes = codeMapOf(profileTerminology.conceptMap('referral-request-status'));

/**
 * System of the tags that put a ServiceRequest into the lists of referrals, all and by status. Lists search by code
 * alone, which one index serves in the order of the list.
 */
const LIST_TAG = 'https://crosswalk.example/fhir/CodeSystem/referral-list';
const ANY_STATUS = 'referral';

/** Code of the tag of a list: of one status, or of all referrals. */
export function listCode(status?: ReferralStatus): string {
  return status === undefined ? ANY_STATUS : `${ANY_STATUS}-${status}`;
}

function isReferralStatus(value: unknown): value is ReferralStatus {
  return (REFERRAL_STATUSES as readonly unknown[]).includes(value);
}

/** The status that a Task's status reads as. */
export function statusOfTask(task: Task): ReferralStatus {
  return statusIn(taskCodes.toVendor, task.status);
}

/** The status that a ServiceRequest reads as by itself: pending unless it is at its end. */
export function statusOfRequest(request: ServiceRequest): ReferralStatus {
  return statusIn(requestCodes.toVendor, request.status);
}

function statusIn(codes: ReadonlyMap<string, string>, code: string | undefined): ReferralStatus {
  const status = codes.get(code ?? '');
  return isReferralStatus(status) ? status : 'pending';
}

/** The status that the request's tags say; undefined when it carries none. */
export function taggedStatus(request: ServiceRequest): ReferralStatus | undefined {
  const codes = (request.meta?.tag ?? []).flatMap(({ system, code }) =>
    system === LIST_TAG && code ? [code] : [],
  );
  return codes.includes(ANY_STATUS)
    ? REFERRAL_STATUSES.find((status) => codes.includes(listCode(status)))
    : undefined;
}

/** Task.status to write for a referral status. */
export function taskStatusFor(status: ReferralStatus): NonNullable<Task['status']> {
  return taskCodes.toFhir.get(status) as NonNullable<Task['status']>;
}

/**
 * The request in step with a referral status: its tag, and its own status where that says otherwise.
 * Returns the same object when it is in step already.
 */
export function inStep(request: ServiceRequest, status: ReferralStatus): ServiceRequest {
  const agrees = agreesWith(request, status);
  if (agrees && taggedStatus(request) === status) return request;
  const others = (request.meta?.tag ?? []).filter((tag) => tag.system !== LIST_TAG);
  const tags = [undefined, status].map((list) => ({ system: LIST_TAG, code: listCode(list) }));
  const own = requestCodes.toFhir.get(status) as NonNullable<ServiceRequest['status']>;
  return {
    ...request,
    meta: { ...request.meta, tag: [...others, ...tags] },
    status: agrees ? request.status : own,
  };
}

/** A request that is active, on hold or a draft agrees with every status on the way; at the end it must say so. */
function agreesWith(request: ServiceRequest, status: ReferralStatus): boolean {
  const own = statusOfRequest(request);
  return own === 'pending' ? STEP[status] < 3 : own === status;
}

/** True when nothing can follow. */
export function isFinal(status: ReferralStatus): boolean {
  return POSSIBLE[status].length === 0;
}

/**
 * Refuses a change by a vendor call that is not one of those that are possible.
 * @throws ProblemError 422 saying what is possible.
 */
export function requirePossible(from: ReferralStatus, to: ReferralStatus): void {
  if (from === to || POSSIBLE[from].includes(to)) return;
  throw new ProblemError('invalid', `status cannot change from ${from} to ${to}: ${possibilities(from)}`);
}

/**
 * Refuses a change written over FHIR that goes back or leaves an end. What was entered in error may always be said so.
 * @throws ProblemError 422 saying what is possible.
 */
export function requireForward(from: ReferralStatus, to: ReferralStatus): void {
  if (from === to || (!isFinal(from) && STEP[to] > STEP[from])) return;
  throw new ProblemError('invalid', `A referral cannot go from ${from} to ${to}: ${possibilities(from)}`);
}

function possibilities(from: ReferralStatus): string {
  const next = POSSIBLE[from];
  return next.length === 0 ? `a ${from} referral is final.` : `possible from ${from}: ${next.join(', ')}.`;
}
