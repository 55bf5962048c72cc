import { COUNTIES, LEVELS_OF_CARE, RISK_LEVELS } from '../../directory';
import {
  exactly,
  INSTANT,
  oneOf,
  orNull,
  type QueryParameter,
  type Schema,
  TEXT,
  text,
} from '../../contract';
import { REFERRAL_STATUSES } from '../../referrals';

/** The JSON Schemas of the HandoffRx API: bodies are validated with them, and the OpenAPI document shows the same. */

const diagnosis: Schema = {
  type: 'string',
  pattern: '^[A-Z][0-9][0-9A-Z](\\.[0-9A-Z]{1,4})?$',
  'x-expected': 'an ICD-10-CM code such as F10.20',
  description: 'ICD-10-CM code.',
  example: 'F10.20',
};

const dateOfBirth: Schema = {
  type: 'string',
  format: 'date',
  pattern: '^(?!0000)',
  'x-past': true,
  'x-expected': 'a date of birth (YYYY-MM-DD)',
  example: '1985-03-15',
};

const riskLevel: Schema = { ...oneOf(RISK_LEVELS), example: 'medium' };

const levelOfCare = text(100, `${LEVELS_OF_CARE.join(', ')}; other text is kept as text.`, 'IOP');

const insurance = text(200, 'Name of the health plan.', 'AHCCCS');

const referralStatus: Schema = oneOf(REFERRAL_STATUSES);

const LONGEST_JUSTIFICATION = 10_000;

const JUSTIFIED = `a text of at least 10 characters, at most ${LONGEST_JUSTIFICATION} (ARS 36-2212)`;

/** `POST /referrals`. */
export const NEW_REFERRAL: Schema = {
  type: 'object',
  additionalProperties: false,
  required: [
    'client_first',
    'client_last',
    'sent_to_practice',
    'service_needed',
    'level_of_care',
    'clinical_justification',
  ],
  properties: {
    client_first: text(200, 'First name of the client.', 'Maria'),
    client_last: text(200, 'Last name of the client.', 'Hernandez'),
    client_dob: orNull(dateOfBirth),
    client_ahcccs_id: orNull(text(64, 'AHCCCS id of the client.', 'AZ123456789')),
    client_insurance: orNull(insurance),
    sent_to_practice: text(200, 'Name of the receiving practice.', 'Sonora Behavioral Health'),
    service_needed: text(500, 'What the client needs.', 'IOP - Substance Use'),
    level_of_care: levelOfCare,
    diagnosis: orNull(diagnosis),
    risk_level: orNull(riskLevel),
    is_urgent: { type: ['boolean', 'null'], 'x-expected': 'true or false', default: false },
    clinical_justification: {
      type: 'string',
      maxLength: LONGEST_JUSTIFICATION,
      allOf: [
        { pattern: '^\\s*\\S[\\s\\S]{8,}\\S\\s*$', 'x-expected': JUSTIFIED },
        { pattern: TEXT, 'x-expected': JUSTIFIED },
      ],
      'x-expected': JUSTIFIED,
      description: 'Why the referral is clinically indicated (ARS §36-2212). Audit-logged.',
      example: 'Client meets ASAM criteria for IOP. Motivated for treatment.',
    },
  },
};

/** `PATCH /referrals/:id`. */
export const REFERRAL_PATCH: Schema = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  'x-message': 'nothing to change: give status or outcome_notes',
  properties: {
    status: referralStatus,
    outcome_notes: text(
      10_000,
      'Notes accumulate; the latest is shown.',
      'Client scheduled for intake assessment.',
    ),
  },
};

/** `POST /match`. */
export const MATCH_REQUEST: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['level_of_care'],
  properties: {
    level_of_care: levelOfCare,
    insurance: orNull(insurance),
    diagnosis: orNull(diagnosis),
    risk_level: orNull(riskLevel),
  },
};

const known: Schema = { type: ['string', 'null'] };

const listed = {
  id: { type: 'string' },
  client_first: known,
  client_last: known,
  client_insurance: known,
  sent_to_practice: known,
  service_needed: known,
  status: referralStatus,
  is_urgent: { type: 'boolean' },
  created_at: INSTANT,
};

const detail = {
  client_dob: { type: ['string', 'null'], format: 'date' },
  client_ahcccs_id: known,
  level_of_care: known,
  diagnosis: known,
  risk_level: { type: ['string', 'null'], enum: [...RISK_LEVELS, null] },
  clinical_justification: known,
  outcome_notes: known,
  updated_at: INSTANT,
};

/** The nine fields of a list. */
export const LISTED_REFERRAL = exactly(listed);
/** A referral by itself: the nine, then the others. */
export const REFERRAL = exactly({ ...listed, ...detail });

const page = (items: Schema): Schema =>
  exactly({
    data: { type: 'array', items },
    count: { type: 'integer', minimum: 0, description: 'Number of all matches.' },
    limit: { type: 'integer', minimum: 1, maximum: 100 },
    offset: { type: 'integer', minimum: 0 },
  });

const slots: Schema = { '^available_[a-z]+_slots$': { type: 'integer', minimum: 0 } };

export const PROVIDER: Schema = {
  ...exactly({
    id: { type: 'string' },
    practice: { type: 'string' },
    county: known,
    facility_type: known,
    insurance_accepted: { type: 'array', items: { type: 'string' } },
    accepting_clients: { type: 'boolean' },
  }),
  patternProperties: slots,
};

export const MATCHES: Schema = exactly({
  matches: {
    type: 'array',
    maxItems: 5,
    items: {
      ...exactly({
        provider_id: { type: 'string' },
        practice: { type: 'string' },
        score: { type: 'integer', minimum: 1, maximum: 100 },
        reasons: { type: 'array', items: { type: 'string' } },
        county: known,
        facility_type: known,
      }),
      patternProperties: slots,
    },
  },
});

export const REFERRAL_PAGE = page({ $ref: '#/components/schemas/ListedReferral' });
export const PROVIDER_PAGE = page({ $ref: '#/components/schemas/Provider' });
export const ERROR: Schema = exactly({ error: { type: 'string', description: 'What is wrong.' } });

const LIMIT: QueryParameter = {
  description: 'Results per page; above 100 is taken as 100.',
  kind: 'integer',
  minimum: 1,
  maximum: 100,
  default: 20,
};

const OFFSET: QueryParameter = {
  description: 'Pagination offset.',
  kind: 'integer',
  minimum: 0,
  default: 0,
};

export const REFERRAL_QUERY: Readonly<Record<string, QueryParameter>> = {
  status: { description: 'Filter by status.', kind: 'choice', values: REFERRAL_STATUSES },
  limit: LIMIT,
  offset: OFFSET,
};

export const PROVIDER_QUERY: Readonly<Record<string, QueryParameter>> = {
  county: { description: 'County of Arizona.', kind: 'choice', values: COUNTIES },
  facility_type: { description: 'Facility type.', kind: 'choice', values: LEVELS_OF_CARE },
  has_availability: { description: 'true: free slots at any level; false: none.', kind: 'boolean' },
  limit: LIMIT,
  offset: OFFSET,
};
