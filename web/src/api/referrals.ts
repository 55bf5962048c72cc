import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { ApiError, request, send } from './client';

export const STATUSES = ['pending', 'accepted', 'declined', 'scheduled', 'completed'] as const;
export type ReferralStatus = (typeof STATUSES)[number];
export const LEVELS = ['OP', 'IOP', 'PHP', 'Residential', 'Inpatient', 'Detox', 'MAT'] as const;
export const RISKS = ['low', 'medium', 'high'] as const;
export type Box = 'inbox' | 'sent' | 'all';

/** A referral in a list. */
export interface ListedReferral {
  id: string;
  direction: 'sent' | 'received';
  client_first: string | null;
  client_last: string | null;
  client_insurance: string | null;
  sender: string | null;
  sent_to_practice: string | null;
  service_needed: string | null;
  level_of_care: string | null;
  status: ReferralStatus;
  is_urgent: boolean;
  created_at: string;
}

/** One referral as `/api/v1` shows it. */
export interface Referral extends Omit<ListedReferral, 'direction' | 'sender'> {
  client_dob: string | null;
  client_ahcccs_id: string | null;
  diagnosis: string | null;
  risk_level: (typeof RISKS)[number] | null;
  clinical_justification: string | null;
  outcome_notes: string | null;
  updated_at: string;
}

export interface ReferralFilter {
  box: Box;
  status?: ReferralStatus;
  levelOfCare?: string;
  /** Instants. */
  from?: string;
  to?: string;
  /** Words of the client's name, or an AHCCCS id. */
  client?: string;
}

interface ReferralPage {
  data: ListedReferral[];
  /** Of all matches, with the first page. */
  count: number | null;
  next: string | null;
}

/** Everything that changes when a referral is made or moves on. */
export const REFERRALS = ['referrals'] as const;

export const referralsQuery = (filter: ReferralFilter) =>
  infiniteQueryOptions({
    queryKey: [...REFERRALS, 'search', filter],
    queryFn: ({ pageParam, signal }) =>
      request<ReferralPage>('/portal/referrals/search', {
        method: 'POST',
        body: { ...filter, ...(pageParam !== undefined && { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });

/** A referral, and the version that a change of it names. */
export interface SeenReferral {
  referral: Referral;
  version: string;
}

export const referralQuery = (id: string) =>
  queryOptions({
    queryKey: [...REFERRALS, id],
    queryFn: ({ signal }) => seen(send(`/api/v1/referrals/${id}`, { signal })),
  });

async function seen(asked: Promise<Response>): Promise<SeenReferral> {
  const answer = await asked;
  return { referral: (await answer.json()) as Referral, version: answer.headers.get('ETag') ?? '*' };
}

/** Something that was done to a referral. */
export interface ReferralStep {
  at: string;
  by: { id: string; name: string; kind: string; face?: string; practice?: string };
  status?: ReferralStatus;
  notes: { text: string; author?: string }[];
  changed: string[];
}

export const timelineQuery = (id: string) =>
  queryOptions({
    queryKey: [...REFERRALS, id, 'timeline'],
    queryFn: async ({ signal }) =>
      (await request<{ data: ReferralStep[] }>(`/portal/referrals/${id}/timeline`, { signal })).data,
  });

/** What may follow a status. HandoffRx, "Referrals". */
export const NEXT: Readonly<Record<ReferralStatus, readonly ReferralStatus[]>> = {
  pending: ['accepted', 'declined'],
  accepted: ['scheduled', 'completed', 'declined'],
  scheduled: ['completed', 'declined'],
  declined: [],
  completed: [],
};

export interface ReferralChange {
  status?: ReferralStatus;
  outcome_notes?: string;
}

/** Changes a referral, unless somebody else did since it was read. @throws ApiError 409 when that is so */
export function changeReferral(id: string, change: ReferralChange, version: string): Promise<SeenReferral> {
  return seen(
    send(`/api/v1/referrals/${id}`, { method: 'PATCH', body: change, headers: { 'If-Match': version } }),
  );
}

/** Body of a new referral; fields that are not known are left out. */
export interface NewReferral {
  client_first: string;
  client_last: string;
  client_dob?: string;
  client_ahcccs_id?: string;
  client_insurance?: string;
  sent_to_practice: string;
  service_needed: string;
  level_of_care: string;
  diagnosis?: string;
  risk_level?: string;
  is_urgent: boolean;
  clinical_justification: string;
}

/** @param key makes a second try the same referral. */
export function createReferral(body: NewReferral, key: string): Promise<Referral> {
  return request('/api/v1/referrals', { method: 'POST', body, headers: { 'Idempotency-Key': key } });
}

/** HandoffRx names all faults in one text, `field fault; field fault`: the same by field. */
export function faultsOf(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError) || error.status !== 422) return {};
  const told = error.message.split('; ').flatMap((fault) => {
    const [, field = '', words = ''] = /^([a-z_]+) (.+)$/.exec(fault) ?? [];
    return field === '' ? [] : [[field, `${words.charAt(0).toUpperCase()}${words.slice(1)}`] as const];
  });
  return Object.fromEntries(told);
}
