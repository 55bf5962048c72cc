import { LEVELS, type NewReferral } from '../../api/referrals';

/** The form of a new referral: every field a text, empty when it is not given. */
export interface Draft {
  client_first: string;
  client_last: string;
  client_dob: string;
  client_ahcccs_id: string;
  client_insurance: string;
  sent_to_practice: string;
  service_needed: string;
  level_of_care: string;
  diagnosis: string;
  risk_level: string;
  is_urgent: boolean;
  clinical_justification: string;
}

const EMPTY: Draft = {
  client_first: '',
  client_last: '',
  client_dob: '',
  client_ahcccs_id: '',
  client_insurance: '',
  sent_to_practice: '',
  service_needed: '',
  level_of_care: '',
  diagnosis: '',
  risk_level: '',
  is_urgent: false,
  clinical_justification: '',
};

/** What a match knows already when it leads here. */
export type Prefill = Partial<Pick<Draft, 'diagnosis' | 'risk_level' | 'client_insurance'>>;

/** Provider and level come with the address; what concerns a client comes with the navigation alone. */
export function draftFrom(search: URLSearchParams, prefill: unknown): Draft {
  const level = search.get('level') ?? '';
  return {
    ...EMPTY,
    ...(typeof prefill === 'object' ? (prefill as Prefill) : {}),
    sent_to_practice: search.get('to') ?? '',
    level_of_care: LEVELS.some((each) => each === level) ? level : '',
  };
}

const REQUIRED = [
  'client_first',
  'client_last',
  'sent_to_practice',
  'service_needed',
  'level_of_care',
  'clinical_justification',
] as const;
const SHORTEST_JUSTIFICATION = 10;

/** Faults that can be told before asking the server, by field. HandoffRx, "Create a new referral". */
export function checkDraft(draft: Draft): Partial<Record<keyof Draft, string>> {
  const faults: Partial<Record<keyof Draft, string>> = {};
  for (const field of REQUIRED) if (draft[field].trim() === '') faults[field] = 'Is required';
  const { clinical_justification: why, diagnosis, client_dob } = draft;
  if (why.trim() !== '' && why.trim().length < SHORTEST_JUSTIFICATION)
    faults.clinical_justification = 'Must be a text of at least 10 characters (ARS 36-2212)';
  if (diagnosis.trim() !== '' && !/^[A-Z]\d[\dA-Z](\.[\dA-Z]{1,4})?$/i.test(diagnosis.trim()))
    faults.diagnosis = 'Must be an ICD-10-CM code such as F10.20';
  if (client_dob !== '' && new Date(client_dob).getTime() > Date.now())
    faults.client_dob = 'Must not lie in the future';
  return faults;
}

/** The draft as the API takes it: trimmed, without what is empty. */
export function bodyOf({ is_urgent, diagnosis, ...texts }: Draft): NewReferral {
  const given = Object.entries({ ...texts, diagnosis: diagnosis.toUpperCase() }).flatMap(([field, value]) => {
    const text = value.trim();
    return text === '' ? [] : [[field, text] as const];
  });
  return { ...Object.fromEntries(given), is_urgent } as unknown as NewReferral;
}
