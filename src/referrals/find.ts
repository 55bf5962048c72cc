import type { ServiceRequest } from '@medplum/fhirtypes';
import { referencedId } from '../fhir';
import { escapeValue, parseSearch } from '../search';
import { EVERYTHING, type FoundVersion, type Store, type StoreAccess } from '../store';
import { readRelated } from './load';
import type { ReferralParty } from './create';
import { referralMapping, type ReferralContext, type ReferralView } from './mapping';
import { listCode, type ReferralStatus } from './status';

/** What somebody who works through referrals looks for. */
export interface ReferralSearch {
  /** Received by the practice, sent by it, or both. */
  box: 'inbox' | 'sent' | 'all';
  status?: ReferralStatus;
  /** A code of the levels of care. */
  levelOfCare?: string;
  /** Created at or after this instant. */
  from?: string;
  /** Created before this instant. */
  to?: string;
  /** Words of the client's name, each from its beginning; a word with a digit is an AHCCCS id. */
  client?: string;
  count: number;
  /** `next` of the page before. */
  cursor?: string;
}

export interface FoundReferrals {
  /** Newest first: the fields of a list, level of care, `sender`, and `direction`: `sent` or `received`. */
  referrals: ReferralView[];
  /** Of all matches; on the first page only. */
  count?: number;
  /** Cursor of the next page; undefined on the last. */
  next?: string;
  resources: string[];
  patients: string[];
}

/** Services or roles of one practice that referrals may be addressed to. */
const MOST_ADDRESSES = 100;

/** Searches the referrals of a practice by what their resources say. */
export async function findReferrals(
  store: Store,
  party: ReferralParty,
  wanted: ReferralSearch,
  contextFor: (versions: readonly FoundVersion[]) => Promise<ReferralContext>,
): Promise<FoundReferrals> {
  const query = await queryOf(store, party, wanted);
  const request = parseSearch('ServiceRequest', query.toString());
  const page = await store.search(party.viewer, { ...request, cursor: wanted.cursor });
  const requests = page.matches.map((match) => match.resource as ServiceRequest);
  const related = await readRelated(store, party.viewer, requests);
  const context = await contextFor(page.matches);
  return {
    referrals: requests.map((sr) => ({
      ...referralMapping.read({ ...related(sr) }, 'overview', context),
      sender: sr.requester?.display ?? null,
      direction: referencedId(sr.requester, 'Organization') === party.id ? 'sent' : 'received',
    })),
    ...(page.total !== undefined && wanted.cursor === undefined && { count: page.total }),
    ...(page.next !== undefined && { next: page.next }),
    resources: requests.map((sr) => `ServiceRequest/${sr.id ?? ''}`),
    patients: [...new Set(requests.flatMap((sr) => referencedId(sr.subject, 'Patient') ?? []))],
  };
}

async function queryOf(
  store: StoreAccess,
  party: ReferralParty,
  wanted: ReferralSearch,
): Promise<URLSearchParams> {
  const { box, status, levelOfCare, from, to, client = '', count, cursor } = wanted;
  const query = new URLSearchParams({ _tag: listCode(status), _sort: '-created', _count: String(count) });
  if (cursor === undefined) query.set('_total', 'accurate');
  if (box === 'sent') query.set('requester', `Organization/${party.id}`);
  if (box === 'inbox') query.set('performer', (await addressesOf(store, party.id)).join(','));
  if (levelOfCare !== undefined) query.set('category', levelOfCare);
  if (from !== undefined) query.append('authored', `ge${from}`);
  if (to !== undefined) query.append('authored', `lt${to}`);
  for (const word of client.split(/[\s,]+/).filter((each) => each !== '')) {
    const of = /\d/.test(word) ? 'subject:Patient.identifier' : 'subject:Patient.name';
    query.append(of, escapeValue(word));
  }
  return query;
}

/** What a referral may be addressed to so that it is the practice's: itself, its services and its roles. */
async function addressesOf(store: StoreAccess, practice: string): Promise<string[]> {
  const found = await Promise.all(
    (['HealthcareService', 'PractitionerRole'] as const).map(async (type) => {
      const query = `organization=Organization/${practice}&_count=${MOST_ADDRESSES}`;
      const page = await store.search(EVERYTHING, parseSearch(type, query));
      return page.matches.map(({ id }) => `${type}/${id}`);
    }),
  );
  return [`Organization/${practice}`, ...found.flat()];
}
