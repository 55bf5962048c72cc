import { DATE, exactly, listOf, object, oneOf, orNull, type Schema, text } from '../../contract';
import { PRESCRIPTION_STATUSES, REFILL_PRIORITIES } from '../../prescriptions';
import { KNOWN, nullable } from './schemas';

/** An id of a body: any text; whether something has it is found out later. */
export const id = (what: string, example: string): Schema => text(80, `Id of the ${what}.`, example);
/** How many; fractions are possible. */
export const QUANTITY: Schema = {
  type: 'number',
  exclusiveMinimum: 0,
  maximum: 1_000_000,
  'x-expected': 'a number above 0, at most 1000000',
};
const WHOLE = (minimum: number, maximum: number): Schema => ({
  type: 'integer',
  minimum,
  maximum,
  'x-expected': `a whole number from ${minimum} to ${maximum}`,
});
export const FLAG: Schema = { type: ['boolean', 'null'] };
export const NOTES = text(5000, 'Free text.', 'Patient prefers morning pickup');
export const TIME_SHOWN: Schema = { type: 'string', format: 'date-time', pattern: 'Z$' };
export const TIME_OR_NULL: Schema = nullable(TIME_SHOWN);
export const DATE_OR_NULL: Schema = { type: ['string', 'null'], format: 'date' };
export const NUMBER: Schema = { type: ['number', 'null'] };
export const ID: Schema = { type: 'string' };
export const COUNT: Schema = { type: 'integer', minimum: 0 };
export const PRIORITIES = ['routine', 'urgent', 'stat'] as const;

const NDC_CODE: Schema = {
  type: 'string',
  pattern: '^(?:[0-9]{4,5}-[0-9]{3,4}-[0-9]{1,2}|[0-9]{10,11})$',
  'x-expected': 'a National Drug Code such as 12345-678-90',
};
const ICD10: Schema = {
  type: 'string',
  pattern: '^[A-Z][0-9][0-9A-Z](?:\\.[0-9A-Z]{1,4})?$',
  'x-expected': 'an ICD-10-CM code such as L70.0',
};

/** Dermifi, "Create new prescription". */
export const NEW_PRESCRIPTION = object(
  {
    patientId: id('patient', 'pat_123'),
    providerId: id('provider', 'prov_789'),
    medication: object(
      {
        name: text(200, 'Name of the drug.', 'Doxycycline'),
        strength: orNull(text(100, 'Strength.', '100mg')),
        form: orNull(text(100, 'Form.', 'capsule')),
        ndcCode: orNull(NDC_CODE),
      },
      ['name'],
    ),
    sig: text(1000, 'What the patient is to do.', 'Take 1 capsule by mouth twice daily with food'),
    quantity: QUANTITY,
    quantityUnit: orNull(text(50, 'Unit of the quantity.', 'capsules')),
    refills: orNull(WHOLE(0, 99)),
    daysSupply: orNull(WHOLE(1, 3650)),
    substitutionAllowed: FLAG,
    indication: orNull(text(500, 'What it is for.', 'Moderate acne vulgaris')),
    icd10Code: orNull(ICD10),
    notes: orNull(NOTES),
    priorAuthorization: { ...object({ required: FLAG }), type: ['object', 'null'] },
  },
  ['patientId', 'providerId', 'medication', 'sig', 'quantity'],
);

export const PRESCRIPTION = exactly({
  id: ID,
  rxNumber: KNOWN,
  patientId: KNOWN,
  providerId: KNOWN,
  medication: exactly({
    name: KNOWN,
    genericName: KNOWN,
    strength: KNOWN,
    form: KNOWN,
    ndcCode: KNOWN,
    manufacturer: KNOWN,
  }),
  sig: KNOWN,
  quantity: NUMBER,
  quantityUnit: KNOWN,
  refills: { type: ['integer', 'null'] },
  refillsRemaining: COUNT,
  daysSupply: NUMBER,
  substitutionAllowed: FLAG,
  indication: KNOWN,
  icd10Code: KNOWN,
  status: oneOf(PRESCRIPTION_STATUSES),
  writtenDate: TIME_OR_NULL,
  expirationDate: TIME_OR_NULL,
  deaSchedule: KNOWN,
  eSigned: { type: 'boolean' },
  eSignedAt: TIME_OR_NULL,
});

/** Dermifi, "Send prescription to pharmacy". */
export const SEND_REQUEST = object(
  {
    pharmacyId: id('pharmacy', 'pharm_456'),
    method: orNull(oneOf(['electronic', 'fax', 'phone'])),
    priority: orNull(oneOf(PRIORITIES)),
    patientNotes: orNull(NOTES),
    pharmacyNotes: orNull(NOTES),
  },
  ['pharmacyId'],
);

export const TRANSMISSION = exactly({
  prescriptionId: ID,
  transmissionId: ID,
  sentTo: exactly({ id: KNOWN, name: KNOWN, ncpdpId: KNOWN, address: KNOWN }),
  sentAt: TIME_SHOWN,
  method: KNOWN,
  status: oneOf(['transmitted']),
  confirmationNumber: KNOWN,
  estimatedReadyTime: TIME_OR_NULL,
  pharmacyAcknowledged: { type: 'boolean' },
  pharmacyAcknowledgedAt: TIME_OR_NULL,
});

const LISTED_PRESCRIPTION = exactly({
  id: ID,
  rxNumber: KNOWN,
  medication: KNOWN,
  patient: KNOWN,
  provider: KNOWN,
  status: oneOf(PRESCRIPTION_STATUSES),
  refillsRemaining: COUNT,
  writtenDate: DATE_OR_NULL,
  lastFilled: DATE_OR_NULL,
});

export const PRESCRIPTION_LIST = exactly({
  prescriptions: listOf(LISTED_PRESCRIPTION),
  total: COUNT,
  page: COUNT,
});

/** Dermifi, "Update prescription dosage". */
export const DOSAGE_CHANGE = object({
  newSig: orNull(
    text(1000, 'What the patient is to do from now on.', 'Take 2 capsules by mouth twice daily with food'),
  ),
  newQuantity: orNull(QUANTITY),
  newDaysSupply: orNull(WHOLE(1, 3650)),
  reason: orNull(text(1000, 'Why.', 'Increasing dose for better efficacy')),
  effectiveDate: orNull(DATE),
});

export const DOSAGE_CHANGED = exactly({
  id: ID,
  previousSig: KNOWN,
  newSig: KNOWN,
  previousQuantity: NUMBER,
  newQuantity: NUMBER,
  updatedAt: TIME_SHOWN,
  updatedBy: ID,
  reason: KNOWN,
  effectiveDate: DATE_OR_NULL,
  pharmacyNotified: { type: 'boolean' },
  requiresNewRx: { type: 'boolean' },
});

/** Dermifi, "Process refill request". */
export const REFILL_REQUEST = object({
  requestedBy: orNull(text(100, 'Who asks.', 'patient')),
  pharmacyId: orNull(id('pharmacy', 'pharm_456')),
  quantity: orNull(QUANTITY),
  notes: orNull(NOTES),
  earlyRefillReason: orNull(text(200, 'Why before the supply has run out.', 'vacation')),
});

export const REFILL = exactly({
  refillId: ID,
  prescriptionId: ID,
  status: oneOf(['pending_approval', 'approved']),
  requestedAt: TIME_SHOWN,
  requestedBy: KNOWN,
  quantity: NUMBER,
  refillNumber: COUNT,
  refillsRemaining: COUNT,
  requiresApproval: { type: 'boolean' },
  approvalReason: KNOWN,
  estimatedApprovalTime: TIME_OR_NULL,
  pharmacyNotified: { type: 'boolean' },
});

export const PENDING_REFILLS = exactly({
  refills: listOf(
    exactly({
      id: ID,
      patient: nullable(exactly({ id: KNOWN, name: KNOWN })),
      medication: KNOWN,
      requestedAt: TIME_OR_NULL,
      priority: oneOf(REFILL_PRIORITIES),
      reason: KNOWN,
      lastFilled: DATE_OR_NULL,
      refillsRemaining: COUNT,
    }),
  ),
  total: COUNT,
  urgentCount: COUNT,
});

/** Dermifi, "Approve refill request". */
export const REFILL_APPROVAL = object({
  approvedBy: orNull(id('provider', 'prov_789')),
  quantity: orNull(QUANTITY),
  notes: orNull(NOTES),
  sendToPharmacy: FLAG,
  pharmacyId: orNull(id('pharmacy', 'pharm_456')),
});

export const REFILL_APPROVED = exactly({
  refillId: ID,
  status: oneOf(['approved']),
  approvedAt: TIME_SHOWN,
  approvedBy: KNOWN,
  quantity: NUMBER,
  sentToPharmacy: { type: 'boolean' },
  pharmacyConfirmation: KNOWN,
  estimatedReadyTime: TIME_OR_NULL,
  patientNotified: { type: 'boolean' },
});

/** Dermifi, "Deny refill request". */
export const REFILL_DENIAL = object(
  {
    deniedBy: orNull(id('provider', 'prov_789')),
    reason: text(200, 'Why.', 'too_soon'),
    explanation: orNull(text(5000, 'More about it.', 'Last refill was 10 days ago')),
    alternativeAction: orNull(text(200, 'What to do instead.', 'schedule_appointment')),
  },
  ['reason'],
);

export const REFILL_DENIED = exactly({
  refillId: ID,
  status: oneOf(['denied']),
  deniedAt: TIME_SHOWN,
  deniedBy: KNOWN,
  reason: KNOWN,
  explanation: KNOWN,
  alternativeAction: KNOWN,
  patientNotified: { type: 'boolean' },
  pharmacyNotified: { type: 'boolean' },
});
