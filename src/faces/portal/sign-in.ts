import { object, type Schema } from '../../contract';
import { ProblemError } from '../../fhir';
import type { Exchange, Reply, Route } from '../../http';
import type { PortalSession } from '../../identity';
import { portalRoute } from './endpoint';
import type { PortalServices } from './services';

interface Credentials {
  email: string;
  password: string;
  mfaCode?: string;
}

/** A text that is typed to prove something; nothing but its length is looked at. */
export const secret = (maxLength: number): Schema => ({ type: 'string', minLength: 1, maxLength });

const CREDENTIALS = object({ email: secret(320), password: secret(256), mfaCode: secret(16) }, [
  'email',
  'password',
]);

/** Signing in and out, and who is signed in. */
export function signInRoutes({ identity: { portalSessions }, cookie }: PortalServices): Route[] {
  return [
    portalRoute({
      method: 'get',
      path: '/session',
      interaction: 'login',
      action: 'R',
      roles: 'open',
      unaudited: true,
      // Nobody being signed in is an answer, not an error: the first thing a page asks.
      handle: async ({ x }) => {
        cookie.refuseForeign(x);
        return { status: 200, headers: NO_STORE, body: viewOf(await presentSession(cookie.sessionOf(x))) };
      },
    }),
    portalRoute<Credentials>({
      method: 'post',
      path: '/session',
      interaction: 'login',
      action: 'E',
      roles: 'open',
      body: CREDENTIALS,
      handle: async ({ x, body }) => {
        cookie.refuseForeign(x);
        const session = await signedIn(x, body, () => portalSessions.open({ ...body, address: x.address }));
        const former = cookie.secretOf(x);
        if (former !== undefined) await portalSessions.end(former);
        x.principal = session.principal;
        return {
          status: 200,
          headers: { ...NO_STORE, 'Set-Cookie': cookie.header(session.secret) },
          body: viewOf(session),
        };
      },
    }),
    portalRoute({
      method: 'delete',
      path: '/session',
      interaction: 'logout',
      action: 'E',
      roles: 'everyone',
      handle: async ({ x }): Promise<Reply> => {
        const present = cookie.secretOf(x);
        if (present !== undefined) await portalSessions.end(present);
        return { status: 204, headers: { 'Set-Cookie': cookie.header(undefined) } };
      },
    }),
  ];
}

const NO_STORE = { 'Cache-Control': 'no-store' };

/** A session that has ended is none. */
async function presentSession(asked: Promise<PortalSession | undefined>): Promise<PortalSession | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'unauthorized') return undefined;
    throw error;
  }
}

/** What the page may know; nothing in it opens a door elsewhere. */
function viewOf(session: PortalSession | undefined): object {
  if (session === undefined) return { user: null };
  const { principal, csrfToken, expiresAt, idleUntil } = session;
  const { id, name, email, role, practice, practiceName, practitioner, permissions, scopes } = principal;
  return {
    user: {
      id,
      name,
      email,
      role,
      practiceId: practice ?? null,
      practice: practiceName ?? null,
      practitioner: practitioner ?? null,
      permissions,
      scopes,
    },
    csrfToken,
    expiresAt,
    idleUntil,
  };
}

/** A sign-in that fails leaves the e-mail that was tried in its audit entry; what succeeds is known by its principal. */
async function signedIn<T>(x: Exchange, { email }: Credentials, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof ProblemError) x.audit.details = [{ type: 'email', value: email }];
    throw error;
  }
}
