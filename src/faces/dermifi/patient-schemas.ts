import { DATE, exactly, INSTANT, listOf, object, oneOf, orNull, type Schema, text } from '../../contract';
import { ADDRESS, ADDRESS_SHOWN, EMAIL, KNOWN, NAMED, nullable, PHONE } from './schemas';

/** Schemas of Dermifi, "Patients API". */
const GENDERS = ['male', 'female', 'other', 'unknown'];
const STATUSES = ['active', 'inactive', 'pending'];

const birthDate: Schema = {
  ...DATE,
  'x-past': true,
  'x-expected': 'a date of birth (YYYY-MM-DD)',
  example: '1990-03-21',
};

const entries = (description: string, example: string): Schema => ({
  type: ['array', 'null'],
  maxItems: 200,
  items: text(500, description, example),
});

const given = {
  firstName: text(100, 'First name.', 'Jane'),
  lastName: text(100, 'Last name.', 'Smith'),
  email: orNull({ ...EMAIL, example: 'jane.smith@email.com' }),
  phone: orNull(PHONE),
  dateOfBirth: birthDate,
  gender: orNull(oneOf(GENDERS)),
  address: nullable(ADDRESS),
  emergencyContact: nullable(
    object({
      name: orNull(text(200, 'Name.', 'John Smith')),
      relationship: orNull(text(100, 'What the contact is to the patient.', 'spouse')),
      phone: orNull(PHONE),
    }),
  ),
  insurance: nullable(
    object({
      provider: orNull(text(200, 'Name of the payer.', 'Aetna')),
      memberId: orNull(text(100, 'Member id.', 'AET987654321')),
      groupNumber: orNull(text(100, 'Group number.', 'GRP002')),
      copay: orNull({
        type: 'number',
        minimum: 0,
        maximum: 100_000,
        'x-expected': 'an amount in dollars and cents',
        example: 25,
      }),
    }),
  ),
  allergies: entries('Allergy.', 'penicillin'),
  medications: entries('Medication taken.', 'lisinopril 10mg daily'),
  conditions: entries('Condition.', 'hypertension'),
};

const consented: Schema = { const: true, 'x-expected': 'true: without it no record is opened' };

export const NEW_PATIENT: Schema = object({ ...given, consentToTreat: consented, hipaaConsent: consented }, [
  'firstName',
  'lastName',
  'dateOfBirth',
  'consentToTreat',
  'hipaaConsent',
]);

export const PATIENT_UPDATE: Schema = {
  ...object({
    ...given,
    status: oneOf(STATUSES, 'active brings an inactive patient back.'),
    consentToTreat: { type: 'boolean' },
    hipaaConsent: { type: 'boolean' },
  }),
  minProperties: 1,
  'x-expected': 'at least one field to change',
};

const listed = {
  id: { type: 'string' },
  firstName: KNOWN,
  lastName: KNOWN,
  email: KNOWN,
  phone: KNOWN,
  dateOfBirth: KNOWN,
};
const texts = listOf({ type: 'string' });
const policy = { provider: KNOWN, memberId: KNOWN, groupNumber: KNOWN };
const amount = { type: ['number', 'null'] };
const verified = { type: ['boolean', 'null'] };
const time = { ...INSTANT, type: ['string', 'null'] };
const status = oneOf(STATUSES);

const contact = nullable(exactly({ name: KNOWN, relationship: KNOWN, phone: KNOWN }));

export const LISTED_PATIENT: Schema = exactly({
  ...listed,
  gender: KNOWN,
  address: ADDRESS_SHOWN,
  insurance: nullable(exactly(policy)),
  status,
  createdAt: INSTANT,
  updatedAt: INSTANT,
});

export const CREATED_PATIENT: Schema = exactly({
  ...listed,
  gender: KNOWN,
  address: ADDRESS_SHOWN,
  emergencyContact: contact,
  insurance: nullable(exactly({ ...policy, copay: amount, verified })),
  allergies: texts,
  medications: texts,
  conditions: texts,
  status,
  patientNumber: KNOWN,
  createdAt: INSTANT,
  updatedAt: INSTANT,
});

const detail = exactly({
  ...listed,
  age: { type: ['integer', 'null'] },
  gender: KNOWN,
  address: ADDRESS_SHOWN,
  emergencyContact: contact,
  insurance: nullable(exactly({ ...policy, copay: amount, verified, verifiedAt: time })),
  allergies: texts,
  medications: texts,
  conditions: texts,
  lastVisit: time,
  nextAppointment: time,
  provider: nullable(NAMED),
  status,
  createdAt: INSTANT,
  updatedAt: INSTANT,
});

/** A patient, and what `include` asked for. */
export const PATIENT: Schema = {
  ...detail,
  properties: {
    ...(detail['properties'] as object),
    appointments: listOf({ type: 'object' }),
    prescriptions: listOf({ type: 'object' }),
    notes: listOf({ type: 'object' }),
  },
};

export const UPDATED_PATIENT: Schema = exactly({
  ...listed,
  gender: KNOWN,
  address: ADDRESS_SHOWN,
  insurance: nullable(exactly({ ...policy, copay: amount, verified })),
  medications: texts,
  updatedAt: INSTANT,
  updatedBy: { type: 'string' },
});

export const DEACTIVATED: Schema = exactly({
  id: { type: 'string' },
  status,
  deactivatedAt: INSTANT,
  deactivatedBy: { type: 'string' },
  reason: KNOWN,
  notes: KNOWN,
  dataRetentionDate: INSTANT,
});
