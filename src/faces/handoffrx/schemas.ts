import { COUNTIES, LEVELS_OF_CARE, RISK_LEVELS } from '../../directory';
import { REFERRAL_STATUSES } from '../../referrals';

/**
 * The JSON Schemas of the HandoffRx API: bodies are validated with them, and the OpenAPI document shows the same.
 * `x-expected` is what an error says of a field that does not fit.
 */
export type Schema = Readonly<Record<string, unknown>>;

/** Legal FHIR text: something visible, no control characters but line breaks and tabs, no half of a surrogate pair. */
const TEXT = '^(?=[\\s\\S]*\\S)(?:[^\\p{Cc}\\p{Cs}]|[\\t\\n\\r])*$';

const text = (maxLength: number, description: string, example: string): Schema => ({
  type: 'string',
  minLength: 1,
  maxLength,
  pattern: TEXT,
  'x-expected': `a text of at most ${maxLength} characters`,
  description,
  example,
});

/** The same, or null for "not given". */
const orNull = (schema: Schema): Schema => ({ ...schema, type: [schema['type'], 'null'] });

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

const riskLevel: Schema = {
  type: 'string',
  enum: RISK_LEVELS,
  'x-expected': `one of ${RISK_LEVELS.join(', ')}`,
  example: 'medium',
};

/** enum would refuse the null that the type allows. */
const riskOrNull: Schema = { ...riskLevel, type: ['string', 'null'], enum: [...RISK_LEVELS, null] };

const levelOfCare = text(100, `${LEVELS_OF_CARE.join(', ')}; other text is kept as text.`, 'IOP');

const insurance = text(200, 'Name of the health plan.', 'AHCCCS');

const referralStatus: Schema = {
  type: 'string',
  enum: REFERRAL_STATUSES,
  'x-expected': `one of ${REFERRAL_STATUSES.join(', ')}`,
};

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
    risk_level: riskOrNull,
    is_urgent: { type: ['boolean', 'null'], 'x-expected': 'true or false', default: false },
    clinical_justification: {
      type: 'string',
      maxLength: 10_000,
      allOf: [{ pattern: '^\\s*\\S[\\s\\S]{8,}\\S\\s*$' }, { pattern: TEXT }],
      'x-expected': 'a text of at least 10 characters (ARS 36-2212)',
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
    risk_level: riskOrNull,
  },
};

const instant: Schema = { type: 'string', format: 'date-time', pattern: 'Z$' };
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
  created_at: instant,
};

const detail = {
  client_dob: { type: ['string', 'null'], format: 'date' },
  client_ahcccs_id: known,
  level_of_care: known,
  diagnosis: known,
  risk_level: { type: ['string', 'null'], enum: [...RISK_LEVELS, null] },
  clinical_justification: known,
  outcome_notes: known,
  updated_at: instant,
};

const exactly = (properties: Record<string, unknown>): Schema => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties),
  properties,
});

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

/** A query parameter. Values are texts; `integer` ones are whole numbers in digits. */
export interface QueryParameter {
  description: string;
  kind: 'integer' | 'choice' | 'boolean';
  /** Of a choice; case does not count. */
  values?: readonly string[];
  /** Of an integer. */
  minimum?: number;
  maximum?: number;
  default?: number;
}

export const LIMIT: QueryParameter = {
  description: 'Results per page; above 100 is taken as 100.',
  kind: 'integer',
  minimum: 1,
  maximum: 100,
  default: 20,
};

export const OFFSET: QueryParameter = {
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
