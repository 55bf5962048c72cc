import type { CodeableConcept, Patient } from '@medplum/fhirtypes';
import { isDeepStrictEqual } from 'node:util';
import { ABSENT } from './changes';
import { isEmergency, isEmergencyContact, shownContact } from './mapping';

type Contact = NonNullable<Patient['contact']>[number];

/** `emergencyContact` of a body, checked. */
export type ContactInput = { name?: string | null; relationship?: string | null } | null;

/**
 * The patient with its emergency contact ready to be replaced: the parts of another name, and relationships in words of
 * an EHR's own, would stand beside what is written now.
 */
export function withReplaceableContact(patient: Patient, wanted: ContactInput): Patient {
  const { contact: contacts } = patient;
  if (contacts === undefined) return patient;
  const shown = shownContact({ patient });
  const keeps = (field: 'name' | 'relationship'): boolean =>
    typeof wanted?.[field] === 'string' && wanted[field] === shown[field];
  const replaceable = (contact: Contact): Contact => {
    const { name, relationship = [], ...others } = contact;
    const kept: CodeableConcept[] = keeps('relationship') ? relationship : relationship.filter(isEmergency);
    return { ...others, relationship: kept, ...(name !== undefined && keeps('name') && { name }) };
  };
  const replaced = contacts.find(isEmergencyContact);
  return { ...patient, contact: contacts.map((one) => (one === replaced ? replaceable(one) : one)) };
}

/** R4 wants to know of a contact more than the relationship (pat-1), the API does not. */
export function withContactNames(patient: Patient): Patient {
  if (patient.contact === undefined) return patient;
  const contact = patient.contact.map((one): Contact => {
    const isKnown = (one.name ?? one.telecom ?? one.address ?? one.organization) !== undefined;
    return isKnown ? one : { ...one, name: { extension: [{ url: ABSENT, valueCode: 'unknown' }] } };
  });
  return { ...patient, contact };
}

/** What an EHR wrote out of a name or an address is no longer true once the parts have been changed. */
export function withoutOutdatedTexts(before: Patient, after: Patient): Patient {
  return {
    ...after,
    ...(after.name && { name: after.name.map((name, i) => upToDate(before.name?.[i], name)) }),
    ...(after.address && {
      address: after.address.map((address, i) => upToDate(before.address?.[i], address)),
    }),
  };
}

function upToDate<T extends { text?: string }>(before: T | undefined, after: T): T {
  if (before === undefined || after.text === undefined || before.text !== after.text) return after;
  if (isDeepStrictEqual(before, after)) return after;
  const { text: _outdated, ...parts } = after;
  return parts as T;
}
