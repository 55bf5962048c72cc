/** The Dermifi API, at `/v1`. */
import { documentRoute } from '../../contract';
import { ProblemError } from '../../fhir';
import { ANONYMOUS, type Exchange, type MountedFace } from '../../http';
import type { Identity, Principal } from '../../identity';
import { accessTokenOf } from './bearer';
import { describe } from './endpoint';
import { renderError } from './errors';
import { subjectOf } from './subject';
import { describeApi } from './openapi';
import { documentedEndpoints } from './routes';
import { photoEndpoints, photoFileRoute, photosOf } from './routes/photos';
import type { DermifiServices } from './services';

export type { DermifiServices } from './services';

/** Bytes of a JSON body; the longest notes fit several times. */
const BODY_LIMIT = 1024 * 1024;

/** The face: routes, tokens, limits and error shape of the document. */
export function createDermifiFace(services: DermifiServices): MountedFace {
  const { identity, publicUrl } = services;
  const photos = photosOf(services);
  const { endpoints, schemas } = describe([...documentedEndpoints(services), ...photoEndpoints(photos)]);
  const document = describeApi(endpoints, schemas, publicUrl);
  return {
    at: '/v1',
    routes: [...endpoints.map(({ route }) => route), photoFileRoute(photos), documentRoute(document)],
    face: {
      name: 'dermifi',
      bodyLimit: BODY_LIMIT,
      admit: (x) => admit(identity, x),
      authenticate: (x) => authenticate(services, x),
      limit: (x) => limit(identity, x),
      renderError,
      subjectOf,
    },
  };
}

/** Everything here is about patients: nothing is cached; the allowlist comes before all else. */
async function admit(identity: Identity, x: Exchange): Promise<void> {
  x.headers['Cache-Control'] = 'no-store';
  if (identity.allowsAddress(x.address)) return;
  await limit(identity, x);
  throw new ProblemError('forbidden', 'This network address is not on the allowlist');
}

/** A request that does not get in is counted for its address, so that it carries the limit's headers too. */
async function authenticate({ identity, dashboardUser }: DermifiServices, x: Exchange): Promise<Principal> {
  try {
    return (await dashboardUser(x)) ?? (await identity.authenticateUser(accessTokenOf(x)));
  } catch (error) {
    await limit(identity, x);
    throw error;
  }
}

/** Per user, per address before sign-in (decisions, "Limits"); the dashboard's requests are counted by its sessions. */
async function limit({ limits }: Identity, x: Exchange): Promise<void> {
  if (x.principal.via === 'dashboard') return;
  const subject = x.principal === ANONYMOUS ? { address: x.address } : { user: x.principal.id };
  const { headers, refused } = await limits.dermifi(subject);
  Object.assign(x.headers, headers);
  if (refused !== undefined) throw refused;
}
