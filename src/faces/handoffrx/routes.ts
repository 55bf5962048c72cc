import type { Endpoint } from '../../contract';
import type { Directory } from '../../directory';
import { ProblemError } from '../../fhir';
import type { Exchange } from '../../http';
import { listProviders, match } from './providers';
import type { ReferralHandlers } from './referrals';
import {
  LISTED_REFERRAL,
  MATCH_REQUEST,
  NEW_REFERRAL,
  PROVIDER,
  PROVIDER_QUERY,
  REFERRAL,
  REFERRAL_PATCH,
  REFERRAL_QUERY,
} from './schemas';

/** Schemas that the OpenAPI document names. */
export const COMPONENTS = {
  ListedReferral: LISTED_REFERRAL,
  Referral: REFERRAL,
  Provider: PROVIDER,
  NewReferral: NEW_REFERRAL,
  ReferralPatch: REFERRAL_PATCH,
  MatchRequest: MATCH_REQUEST,
} as const;

/** What makes a retry of a create safe. */
const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'Makes a retry safe for 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

/** What keeps a change from overwriting one that its caller has not seen. */
const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  description: 'The ETag of the referral as it was read: 409 when it has been changed since.',
  schema: { type: 'string' },
};

const requires = (scope: string): string => `Requires the scope ${scope}.`;

function scoped(scope: string): (x: Exchange) => void {
  return ({ principal }) => {
    if (!principal.scopes.includes(scope)) {
      throw new ProblemError('forbidden', `API key lacks the required scope ${scope}`);
    }
  };
}

/** The documented endpoints. */
export function endpoints(referrals: ReferralHandlers, directory: Directory): Endpoint[] {
  return [
    {
      route: {
        method: 'get',
        path: '/referrals',
        interaction: 'search',
        action: 'E',
        authorize: scoped('referrals:read'),
        handle: (x) => referrals.list(x),
      },
      operation: {
        summary: 'List all referrals sent by or to your practice, newest first.',
        description: requires('referrals:read'),
        query: REFERRAL_QUERY,
        status: 200,
        answer: 'ReferralPage',
      },
    },
    {
      route: {
        method: 'post',
        path: '/referrals',
        interaction: 'create',
        action: 'C',
        authorize: scoped('referrals:write'),
        handle: (x) => referrals.create(x),
      },
      operation: {
        summary: 'Create a new referral.',
        description: requires('referrals:write'),
        body: 'NewReferral',
        headers: [IDEMPOTENCY_KEY],
        status: 201,
        answer: 'Referral',
      },
    },
    {
      route: {
        method: 'get',
        path: '/referrals/:id',
        interaction: 'read',
        action: 'R',
        authorize: scoped('referrals:read'),
        handle: (x) => referrals.read(x),
      },
      operation: {
        summary: 'Fetch a single referral.',
        description: requires('referrals:read'),
        status: 200,
        answer: 'Referral',
      },
    },
    {
      route: {
        method: 'patch',
        path: '/referrals/:id',
        interaction: 'patch',
        action: 'U',
        authorize: scoped('referrals:write'),
        handle: (x) => referrals.update(x),
      },
      operation: {
        summary: 'Update a referral status or notes.',
        description: requires('referrals:write'),
        body: 'ReferralPatch',
        headers: [IF_MATCH],
        status: 200,
        answer: 'Referral',
      },
    },
    {
      route: {
        method: 'get',
        path: '/providers',
        interaction: 'search',
        action: 'E',
        authorize: scoped('providers:read'),
        handle: (x) => listProviders(x, directory),
      },
      operation: {
        summary: 'List providers currently accepting clients.',
        description: requires('providers:read'),
        query: PROVIDER_QUERY,
        status: 200,
        answer: 'ProviderPage',
      },
    },
    {
      route: {
        method: 'post',
        path: '/match',
        interaction: 'match',
        action: 'E',
        authorize: scoped('providers:read'),
        handle: (x) => match(x, directory),
      },
      operation: {
        summary: 'The top 5 clinically matched providers.',
        description: requires('providers:read'),
        body: 'MatchRequest',
        status: 200,
        answer: 'Matches',
      },
    },
  ];
}
