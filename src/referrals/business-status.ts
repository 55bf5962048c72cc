import type { Coding, Task } from '@medplum/fhirtypes';
import { codeMapOf, profileTerminology } from '../mapping';
import type { ReferralStatus } from './status';

/** Business statuses of Bidirectional Services eReferral. https://hl7.org/fhir/us/bser/CodeSystem-TaskBusinessStatusCS.html */
const BSER = 'http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS';

const map = profileTerminology.conceptMap('referral-business-status');
const codes = codeMapOf(map);
const displays = new Map(
  (map.group ?? [])
    .flatMap(({ element }) => element ?? [])
    .flatMap(({ target }) => target ?? [])
    .map(({ code = '', display = code }) => [code, display]),
);

const isBser = ({ system }: Coding): boolean => system === BSER;

/** The Task with the business status that belongs to a referral's status; the same object when it says so already. */
export function inBusiness<T extends Task>(task: T, status: ReferralStatus): T {
  const said = task.businessStatus?.coding?.find(isBser);
  if (codes.toVendor.get(said?.code ?? '') === status) return task;
  const code = codes.toFhir.get(status) ?? '';
  const others = (task.businessStatus?.coding ?? []).filter((coding) => !isBser(coding));
  const coding = [{ system: BSER, code, display: displays.get(code) ?? code }, ...others];
  return { ...task, businessStatus: { ...task.businessStatus, coding } };
}

/** The same for a Task that an EHR wrote: one that says no such status is left alone. */
export function inBusinessIfSaid<T extends Task>(task: T, status: ReferralStatus): T {
  return task.businessStatus?.coding?.some(isBser) === true ? inBusiness(task, status) : task;
}
