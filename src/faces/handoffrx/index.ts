/** The HandoffRx REST API v1, at `/api/v1`. */
import type { Directory } from '../../directory';
import { ProblemError } from '../../fhir';
import type { Exchange, Face, Route } from '../../http';
import type { Identity } from '../../identity';
import type { Referrals } from '../../referrals';
import { renderError } from './errors';
import { describeApi } from './openapi';
import { referralHandlers } from './referrals';
import { COMPONENTS, endpoints } from './routes';

/** What `mountFace` needs, and where. */
export interface MountedFace {
  at: string;
  face: Face;
  routes: Route[];
}

export interface HandoffRxServices {
  referrals: Referrals;
  directory: Directory;
  identity: Pick<Identity, 'authenticateKey' | 'limits' | 'idempotency'>;
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
  const openapi: Route = {
    method: 'get',
    path: '/openapi.json',
    interaction: 'capabilities',
    action: 'R',
    open: true,
    unaudited: true,
    handle: () => Promise.resolve({ status: 200, body: document }),
  };
  return {
    at: '/api/v1',
    routes: [...documented.map(({ route }) => route), openapi],
    face: {
      name: 'handoffrx',
      bodyLimit: BODY_LIMIT,
      authenticate: (x) => identity.authenticateKey(bearerOf(x)),
      limit: async (x) => {
        if (x.principal.kind !== 'key') return;
        const { headers, refused } = await identity.limits.handoffrx(x.principal);
        Object.assign(x.headers, headers);
        if (refused !== undefined) throw refused;
      },
      renderError,
    },
  };
}

/** The key in `Authorization: Bearer hrx_...`. HandoffRx, "Authentication". */
function bearerOf(x: Exchange): string {
  const bearer = /^Bearer +(\S+) *$/i.exec(x.req.headers.authorization ?? '')?.[1];
  if (bearer === undefined) throw new ProblemError('unauthorized', 'Missing or invalid API key');
  return bearer;
}
