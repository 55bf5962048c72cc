import type { Directory } from '../../directory';
import { ProblemError } from '../../fhir';
import type { Exchange, Route } from '../../http';
import type { Operation } from './openapi';
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

/** One endpoint: the route that answers, and what the OpenAPI document says of it. */
export interface Endpoint {
  route: Route;
  operation: Operation;
}

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
        scope: 'referrals:read',
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
        scope: 'referrals:write',
        body: 'NewReferral',
        idempotent: true,
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
        scope: 'referrals:read',
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
        scope: 'referrals:write',
        body: 'ReferralPatch',
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
        scope: 'providers:read',
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
        scope: 'providers:read',
        body: 'MatchRequest',
        status: 200,
        answer: 'Matches',
      },
    },
  ];
}
