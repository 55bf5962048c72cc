import type { ServiceRequest, Task } from '@medplum/fhirtypes';
import { inBusiness } from './business-status';
import type { Party } from './create';
import { referralMapping, type ReferralResources, statusOfReferral } from './mapping';
import { inStep, requirePossible, taskStatusFor, type ReferralStatus } from './status';

/** Body of `PATCH /referrals/:id`. */
export interface ReferralPatch {
  status?: ReferralStatus;
  outcome_notes?: string;
}

/**
 * The referral after a patch; the same object when the patch changes nothing.
 * @throws ProblemError invalid for a status that cannot follow the present one.
 */
export function patched(
  present: ReferralResources,
  patch: ReferralPatch,
  party: Party,
  at: Date,
): ReferralResources {
  const from = statusOfReferral(present);
  const to = patch.status ?? from;
  requirePossible(from, to);
  if (to === from && patch.outcome_notes === undefined) return present;
  const task = present.task ?? taskFor(present.sr, at);
  const author = { reference: `Organization/${party.id}` as const, display: party.name };
  const note =
    patch.outcome_notes === undefined
      ? []
      : [{ authorReference: author, time: at.toISOString(), text: patch.outcome_notes }];
  const changed: Task = {
    ...task,
    // An EHR's finer status (received, ready) stays when the referral's does.
    status: to === from ? task.status : taskStatusFor(to),
    lastModified: at.toISOString(),
    ...(note.length > 0 && { note: [...(task.note ?? []), ...note] }),
  };
  return { ...present, task: inBusiness(changed, to), sr: inStep(present.sr, to) };
}

/** The Task of a request that an EHR sent without one. */
function taskFor(sr: ServiceRequest, at: Date): Task {
  const { task } = referralMapping.write({ status: statusOfReferral({ sr }) }).bound as unknown as {
    task: Task;
  };
  const [owner] = sr.performer ?? [];
  return {
    ...task,
    id: sr.id ?? '',
    focus: { reference: `ServiceRequest/${sr.id ?? ''}` },
    ...(sr.subject && { for: sr.subject }),
    authoredOn: sr.authoredOn ?? at.toISOString(),
    ...(sr.requester && { requester: sr.requester as NonNullable<Task['requester']> }),
    ...(owner && { owner: owner as NonNullable<Task['owner']> }),
  };
}
