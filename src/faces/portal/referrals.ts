import { INSTANT, object, oneOf, type Schema } from '../../contract';
import { LEVELS_OF_CARE } from '../../directory';
import { ProblemError } from '../../fhir';
import type { Exchange, Route } from '../../http';
import type { Role } from '../../identity';
import { REFERRAL_STATUSES, type ReferralParty, type ReferralSearch } from '../../referrals';
import { portalRoute } from './endpoint';
import type { PortalServices } from './services';

/** Everybody who works with the referrals of a practice; the rest is done through `/api/v1`. */
const READERS: readonly Role[] = ['practice-admin', 'admin', 'provider', 'staff', 'read-only'];
const PAGE = 100;

const instant: Schema = { ...INSTANT, 'x-expected': 'a time in UTC' };

/** A search in a body: names of clients stay out of addresses, and so out of the logs of proxies. */
const SEARCH = object(
  {
    box: oneOf(['inbox', 'sent', 'all']),
    status: oneOf(REFERRAL_STATUSES),
    levelOfCare: oneOf(LEVELS_OF_CARE),
    from: instant,
    to: instant,
    client: { type: 'string', maxLength: 200, 'x-expected': 'a text of at most 200 characters' },
    cursor: { type: 'string', maxLength: 2000, 'x-expected': 'the cursor of the page before' },
  },
  ['box'],
);

/** Finding referrals by more than their status, and what happened to one. */
export function referralRoutes({ referrals }: PortalServices): Route[] {
  return [
    portalRoute<Omit<ReferralSearch, 'count'>>({
      method: 'post',
      path: '/referrals/search',
      interaction: 'search',
      action: 'E',
      roles: READERS,
      body: SEARCH,
      handle: async ({ x, body }) => {
        const found = await referrals.find(partyOf(x), { ...body, count: PAGE });
        const { referrals: data, count, next, resources, patients } = found;
        const { client: _name, cursor: _place, ...facts } = body;
        Object.assign(x.audit, {
          query: `POST /portal/referrals/search ${JSON.stringify(facts)}`,
          resources,
          patients,
        });
        return { status: 200, body: { data, count: count ?? null, next: next ?? null } };
      },
    }),
    portalRoute({
      method: 'get',
      path: '/referrals/:id/timeline',
      interaction: 'history',
      action: 'R',
      roles: READERS,
      handle: async ({ x, params }) => {
        const id = params['id'] ?? '';
        x.audit.resources = [`ServiceRequest/${id}`];
        const { view, resources, patients } = await referrals.timeline(partyOf(x), id);
        Object.assign(x.audit, { resources, patients });
        return { status: 200, body: { data: view } };
      },
    }),
  ];
}

/** @throws ProblemError forbidden for users without a practice: they have no referrals. */
function partyOf({ principal: { practice, practiceName = '', viewer } }: Exchange): ReferralParty {
  if (practice === undefined) throw new ProblemError('forbidden', 'Referrals belong to a practice.');
  return { id: practice, name: practiceName, viewer };
}
