/** The HandoffRx REST API v1, at `/api/v1`. */
import { documentRoute } from '../../contract';
import type { Directory } from '../../directory';
import { ProblemError } from '../../fhir';
import { ANONYMOUS, bearerOf, type Exchange, type MountedFace } from '../../http';
import type { Identity, Principal } from '../../identity';
import type { Referrals } from '../../referrals';
import { renderError } from './errors';
import { subjectOf } from './subject';
import { describeApi } from './openapi';
import { referralHandlers } from './referrals';
import { COMPONENTS, endpoints } from './routes';

export interface HandoffRxServices {
  referrals: Referrals;
  directory: Directory;
  identity: Pick<Identity, 'authenticateKey' | 'limits' | 'idempotency'>;
  /** The user of a dashboard session; undefined when the request shows none. @throws ProblemError */
  dashboardUser(x: Exchange): Promise<Principal | undefined>;
  /** Base of the server's URLs. */
  publicUrl: string;
}

/** Bytes; the longest texts fit several times. */
const BODY_LIMIT = 256 * 1024;

/** The face: routes, keys, limits and error shape of the document. */
export function createHandoffRxFace(services: HandoffRxServices): MountedFace {
  const { identity, referrals, directory, publicUrl } = services;
  const documented = endpoints(referralHandlers(referrals, identity.idempotency), directory);
  const document = describeApi(documented, COMPONENTS, publicUrl);
  return {
    at: '/api/v1',
    routes: [...documented.map(({ route }) => route), documentRoute(document)],
    face: {
      name: 'handoffrx',
      bodyLimit: BODY_LIMIT,
      authenticate: async (x) => (await services.dashboardUser(x)) ?? identity.authenticateKey(apiKeyOf(x)),
      limit: async (x) => {
        await recognize(identity, x);
        if (x.principal.kind !== 'key') return;
        const { headers, refused } = await identity.limits.handoffrx(x.principal);
        Object.assign(x.headers, headers);
        if (refused !== undefined) throw refused;
      },
      renderError,
      subjectOf,
    },
  };
}

/** Requests that find no endpoint, or whose body cannot be read, count for the key that they show. */
async function recognize(identity: HandoffRxServices['identity'], x: Exchange): Promise<void> {
  const key = x.principal === ANONYMOUS ? bearerOf(x) : undefined;
  if (key === undefined) return;
  x.principal = await identity.authenticateKey(key).catch(() => ANONYMOUS);
}

/** The key in `Authorization: Bearer hrx_...`. HandoffRx, "Authentication". */
function apiKeyOf(x: Exchange): string {
  const key = bearerOf(x);
  if (key === undefined) throw new ProblemError('unauthorized', 'Missing or invalid API key');
  return key;
}
