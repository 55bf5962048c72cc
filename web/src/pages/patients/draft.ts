import type { Patient, PatientFields, PatientStatus } from '../../api/patients';

/** The form of a patient: texts are empty, and the copay '', when they are not known. */
export interface Draft {
  firstName: string;
  lastName: string;
  dateOfBirth: string;
  gender: string;
  status: PatientStatus;
  email: string;
  phone: string;
  address: { street: string; city: string; state: string; zipCode: string };
  emergencyContact: { name: string; relationship: string; phone: string };
  insurance: { provider: string; memberId: string; groupNumber: string; copay: number | string };
  allergies: string[];
  medications: string[];
  conditions: string[];
  consentToTreat: boolean;
  hipaaConsent: boolean;
}

export const EMPTY: Draft = {
  firstName: '',
  lastName: '',
  dateOfBirth: '',
  gender: '',
  status: 'active',
  email: '',
  phone: '',
  address: { street: '', city: '', state: '', zipCode: '' },
  emergencyContact: { name: '', relationship: '', phone: '' },
  insurance: { provider: '', memberId: '', groupNumber: '', copay: '' },
  allergies: [],
  medications: [],
  conditions: [],
  consentToTreat: false,
  hipaaConsent: false,
};

export function draftOf(patient: Patient): Draft {
  const { address, emergencyContact, insurance } = patient;
  return {
    ...EMPTY,
    firstName: patient.firstName ?? '',
    lastName: patient.lastName ?? '',
    dateOfBirth: patient.dateOfBirth ?? '',
    gender: patient.gender ?? '',
    status: patient.status,
    email: patient.email ?? '',
    phone: patient.phone ?? '',
    address: known(EMPTY.address, address),
    emergencyContact: known(EMPTY.emergencyContact, emergencyContact),
    insurance: { ...known(EMPTY.insurance, insurance), copay: insurance?.copay ?? '' },
    allergies: patient.allergies,
    medications: patient.medications,
    conditions: patient.conditions,
  };
}

/** Its fields, with what is null left empty. */
function known<T extends object>(empty: T, part: object | null): T {
  const given = Object.entries(part ?? {}).filter(([name, value]) => name in empty && value !== null);
  return { ...empty, ...Object.fromEntries(given) };
}

/** Faults that can be told before asking the server, by field. Dermifi, "Create a new patient". */
export function checkDraft({ firstName, lastName, dateOfBirth }: Draft): Record<string, string> {
  return {
    ...(firstName.trim() === '' && { firstName: 'Is required' }),
    ...(lastName.trim() === '' && { lastName: 'Is required' }),
    ...(dateOfBirth === '' && { dateOfBirth: 'Is required' }),
    ...(Date.parse(dateOfBirth) > Date.now() && { dateOfBirth: 'Must not lie in the future' }),
  };
}

/** Without its consents no record is opened. */
export function checkNew(draft: Draft): Record<string, string> {
  const { consentToTreat, hipaaConsent } = draft;
  return {
    ...checkDraft(draft),
    ...(!consentToTreat && { consentToTreat: 'Is required' }),
    ...(!hipaaConsent && { hipaaConsent: 'Is required' }),
  };
}

/** The draft as the API takes it: trimmed, null for what is empty. */
export function fieldsOf(draft: Draft): PatientFields {
  const { insurance, allergies, medications, conditions } = draft;
  const { copay, ...policy } = insurance;
  const payer = { ...texts(policy), copay: copay === '' ? null : Number(copay) };
  return {
    firstName: draft.firstName.trim(),
    lastName: draft.lastName.trim(),
    dateOfBirth: draft.dateOfBirth,
    gender: textOf(draft.gender),
    email: textOf(draft.email),
    phone: textOf(draft.phone),
    address: unlessEmpty(texts(draft.address)),
    emergencyContact: unlessEmpty(texts(draft.emergencyContact)),
    insurance: unlessEmpty(payer),
    allergies,
    medications,
    conditions,
  };
}

function textOf(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}

function texts<K extends string>(part: Readonly<Record<K, string>>): Record<K, string | null> {
  const told = Object.entries<string>(part).map(([name, text]) => [name, textOf(text)]);
  return Object.fromEntries(told) as Record<K, string | null>;
}

function unlessEmpty<T extends object>(part: T): T | null {
  return Object.values(part).every((value) => value === null) ? null : part;
}

/** What differs from how the patient was read: what somebody else changed meanwhile stays as it is. */
export function changesOf(
  patient: Patient,
  draft: Draft,
): Partial<PatientFields & { status: PatientStatus }> {
  const before = draftOf(patient);
  const was = { ...fieldsOf(before), status: before.status };
  const now = { ...fieldsOf(draft), status: draft.status };
  const changed = Object.entries(now).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(was[name as keyof typeof was]),
  );
  return Object.fromEntries(changed);
}
