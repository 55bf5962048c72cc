/** What the record says of a referral, for the brokering report. */
import type { ServiceRequest } from '@medplum/fhirtypes';
import { EVERYTHING, type StoreAccess } from '../store';
import type { Lookups } from './export/filter';

/** The extension that design/mapping.md calls `clinical-justification`. */
const JUSTIFICATION = /\/clinical-justification$/;

/** Looks referrals up in the store. */
export function referralFactsIn(store: StoreAccess): Lookups['referralFacts'] {
  return async (id) => {
    const version = await store.read<ServiceRequest>(EVERYTHING, 'ServiceRequest', id);
    if (version === undefined || version.deleted) return undefined;
    const { requester, performer, extension, subject, status } = version.resource;
    return {
      sender: requester?.display ?? requester?.reference,
      recipient: performer?.map((party) => party.display ?? party.reference ?? '').join(', '),
      justification: extension?.find(({ url }) => JUSTIFICATION.test(url ?? ''))?.valueString,
      patient: subject?.reference,
      status,
    };
  };
}
