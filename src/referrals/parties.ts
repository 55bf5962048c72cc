import type { ServiceRequest, Task } from '@medplum/fhirtypes';
import { referencedId } from '../fhir';

/** The request that a Task works on: its focus, else what it is based on. */
export function requestOf(task: Task): string | undefined {
  return referencedId(task.focus, 'ServiceRequest') ?? referencedId(task.basedOn?.[0], 'ServiceRequest');
}

/**
 * A ServiceRequest is a referral when it is addressed to an organization or a service of one, or says so by its tag
 * (a Task addressed it). Orders that stay in the house are none.
 */
export function isAddressed(request: ServiceRequest): boolean {
  if (isOrder(request)) return false;
  return (request.performer ?? []).some((performer) =>
    ADDRESSEES.some((type) => referencedId(performer, type) !== undefined),
  );
}

/** Laboratory and imaging orders go to organizations too. https://hl7.org/fhir/R4/valueset-servicerequest-category.html */
const ORDER_CATEGORIES = new Set(['108252007', '363679005']);

function isOrder(request: ServiceRequest): boolean {
  const codings = (request.category ?? []).flatMap((category) => category.coding ?? []);
  return codings.some(({ code }) => code !== undefined && ORDER_CATEGORIES.has(code));
}

/** A request becomes a referral through its Task too: when that has an owner who is to fulfil it. */
export function isReferral(request: ServiceRequest, task: Task): boolean {
  if (isOrder(request)) return false;
  return isAddressed(request) || ADDRESSEES.some((type) => referencedId(task.owner, type) !== undefined);
}

const ADDRESSEES = ['Organization', 'HealthcareService', 'PractitionerRole'];
